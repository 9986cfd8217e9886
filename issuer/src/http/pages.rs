//! The pages that people see, carried in the binary, and the policy under which a browser runs them.
//!
//! Every file stands in one table. No page has a script or a style of its own in its text, so that the policy can forbid
//! them. Which sites may put the consent page into a frame is said by the page's own headers, request by request.

use std::{
    fmt::Write as _,
    io::Write as _,
    sync::{LazyLock, OnceLock},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use sqlx::Row;

use super::middleware::RESOURCE;
use crate::{
    app::App,
    entities, flow,
    problem::{Problem, ProblemCode, Result},
};

/// A file as it is served.
struct File {
    name: &'static str,
    bytes: &'static [u8],
    /// The same in fewer bytes, from the first time that a browser takes it so.
    gzip: OnceLock<Bytes>,
}

impl File {
    const fn new(name: &'static str, bytes: &'static [u8]) -> Self {
        Self { name, bytes, gzip: OnceLock::new() }
    }

    fn gzip(&self) -> Bytes {
        self.gzip.get_or_init(|| compressed(self.bytes)).clone()
    }
}

macro_rules! files {
    ($($name:literal = $path:literal,)*) => {
        LazyLock::new(|| vec![$(File::new($name, include_bytes!(concat!("../../web/", $path))),)*])
    };
}

static EMBED: File = File::new("embed.html", include_bytes!("../../web/embed.html"));
static EMBED_JS: File = File::new("embed.js", include_bytes!("../../web/embed.js"));
static PASS: File = File::new("pass.html", include_bytes!("../../web/pass.html"));
static INBOX: File = File::new("inbox.html", include_bytes!("../../web/inbox.html"));

/// What is under `/assets/`. A language is one more line.
static ASSETS: LazyLock<Vec<File>> = files! {
    "api.js" = "api.js",
    "dom.js" = "dom.js",
    "en.json" = "lang/en.json",
    "flow.js" = "flow.js",
    "frame.js" = "frame.js",
    "hi.json" = "lang/hi.json",
    "i18n.js" = "i18n.js",
    "inbox.js" = "inbox.js",
    "pass.css" = "pass.css",
    "pass.js" = "pass.js",
    "receipt.js" = "receipt.js",
    "style.css" = "style.css",
};

/// The pages; `/inbox` is there only where the messages go to it, `/pass` only where passes are issued.
pub(crate) fn routes(app: &App) -> Router<App> {
    let mut router = Router::new()
        .route("/embed/{id}", get(embed))
        .route("/embed.js", get(component))
        .route("/assets/{file}", get(asset))
        .route("/problems", get(problems));
    if app.config.passes.enabled {
        router = router.route("/pass", get(pass));
    }
    if app.inbox.is_some() {
        router = router.route("/inbox", get(inbox)).route("/inbox/messages", get(messages));
    }
    router
}

/// A piece of the path, which names nothing where it is not UTF-8.
type PathText = std::result::Result<Path<String>, PathRejection>;

/// The consent page, for a frame of the sites that the asking entity registered.
async fn embed(State(app): State<App>, id: PathText, headers: HeaderMap) -> Response {
    let id = id.map(|Path(id)| id).unwrap_or_default();
    let mut response = match frame_ancestors(&app, &id).await {
        Ok(ancestors) => page(&EMBED, &headers, &ancestors),
        Err(problem) => problem.into_response(),
    };
    // A page that isolates itself shows only frames that allow it and isolate themselves. This one loads nothing from
    // elsewhere.
    response.headers_mut().insert(RESOURCE, CROSS_ORIGIN);
    response.headers_mut().insert(EMBEDDER, HeaderValue::from_static("require-corp"));
    response
}

/// Who may show the page of this request in a frame.
async fn frame_ancestors(app: &App, id: &str) -> Result<String> {
    let row = if flow::is_id(id) {
        let row = sqlx::query("SELECT entity FROM requests WHERE id = $1").bind(id);
        row.fetch_optional(app.db.reader()).await?
    } else {
        None
    };
    // There is nothing to do on the page of a request that is not there; any site may show that.
    let Some(row) = row else { return Ok("*".to_owned()) };
    let entity: Option<String> = row.try_get("entity")?;
    let entity = match entity {
        Some(entity) => entities::by_id(&app.db, &entity).await?,
        None => None,
    };
    let origins = entity.map(|entity| entity.origins.join(" ")).unwrap_or_default();
    Ok(if origins.is_empty() { NOBODY.to_owned() } else { origins })
}

/// The web component: any site may load it, what it then may show is for the frame to say.
async fn component(headers: HeaderMap) -> Response {
    let mut response = file(&EMBED_JS, &headers);
    let answer = response.headers_mut();
    answer.insert(RESOURCE, CROSS_ORIGIN);
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

async fn asset(name: PathText, headers: HeaderMap) -> Result<Response> {
    let found = name.ok().and_then(|Path(name)| ASSETS.iter().find(|file| file.name == name));
    found
        .map(|found| file(found, &headers))
        .ok_or_else(|| Problem::new(ProblemCode::NotFound, "No such file."))
}

async fn pass(headers: HeaderMap) -> Response {
    page(&PASS, &headers, NOBODY)
}

async fn inbox(headers: HeaderMap) -> Response {
    page(&INBOX, &headers, NOBODY)
}

/// What the service would have sent to phones.
async fn messages(State(app): State<App>) -> Result<Response> {
    let Some(inbox) = &app.inbox else { return Err(Problem::new(ProblemCode::NotFound, "No such page.")) };
    Ok(([(header::CACHE_CONTROL, "no-store")], axum::Json(inbox.messages())).into_response())
}

/// The codes of problem documents, whose `type` leads here.
async fn problems(headers: HeaderMap) -> Response {
    static LIST: LazyLock<String> = LazyLock::new(problem_list);
    static PAGE: LazyLock<File> = LazyLock::new(|| File::new("problems.html", LIST.as_bytes()));
    page(&PAGE, &headers, NOBODY)
}

fn problem_list() -> String {
    let mut html = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<title>Problems</title>\n<link rel=\"stylesheet\" \
         href=\"/assets/style.css\">\n</head>\n<body>\n<main>\n<h1>Problems</h1>\n<p>What <code>code</code> and \
         <code>type</code> of a problem document (RFC 9457) can be.</p>\n<dl>\n",
    );
    for code in ProblemCode::ALL {
        let (name, status, title) = (code.as_str(), code.status().as_u16(), code.title());
        let _ = writeln!(html, "<dt id=\"{name}\"><code>{name}</code> ({status})</dt>\n<dd>{title}.</dd>");
    }
    html.push_str("</dl>\n</main>\n</body>\n</html>\n");
    html
}

const NOBODY: &str = "'none'";
const EMBEDDER: HeaderName = HeaderName::from_static("cross-origin-embedder-policy");
const CROSS_ORIGIN: HeaderValue = HeaderValue::from_static("cross-origin");

/// A page, under a policy that lets it use the files beside it and nothing else.
fn page(html: &File, request: &HeaderMap, ancestors: &str) -> Response {
    let mut response = file(html, request);
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; \
         base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    );
    // Origins are ASCII: they were checked when the entity was registered.
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// A file, or that the browser has it already. Browsers always ask, so that files of two versions never meet.
///
/// It is compressed where the browser takes that: a phone can be far from any quick network. No secret is in any of them.
fn file(file: &File, request: &HeaderMap) -> Response {
    let packed = takes_gzip(request);
    let bytes = if packed { file.gzip() } else { Bytes::from_static(file.bytes) };
    // Of what is sent, so that the two forms never pass for one another.
    let tag = format!("\"{}\"", hex::encode(&Sha256::digest(&bytes)[..12]));
    let fresh = request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == tag);
    let headers: [(HeaderName, HeaderValue); 4] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type(file.name))),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
        (
            header::ETAG,
            HeaderValue::from_str(&tag).unwrap_or_else(|_| unreachable!("hexadecimal digits are ASCII")),
        ),
    ];
    if fresh {
        (StatusCode::NOT_MODIFIED, headers).into_response()
    } else if packed {
        ([(header::CONTENT_ENCODING, "gzip")], headers, bytes).into_response()
    } else {
        (headers, bytes).into_response()
    }
}

/// Whether the client names gzip among the encodings that it reads (RFC 9110, section 12.5.3).
fn takes_gzip(request: &HeaderMap) -> bool {
    let all = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(',')).any(|one| {
        let (coding, weight) = one.split_once(';').unwrap_or((one, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        coding.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

fn compressed(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.unwrap_or_else(|_| unreachable!("a Vec takes everything")).into()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
