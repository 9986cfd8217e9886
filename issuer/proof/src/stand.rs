//! The service under test: the real program, started as an operator starts it, and everyone around it.

use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64ct::{Base64, Encoding};
use serde_json::Value;
use tempfile::TempDir;

use crate::Result;
use crate::database::{Database, Kind};
use crate::entity::Entity;
use crate::outside::Outside;
use crate::people::{Person, csv};
use crate::program::{Instance, Program};
use crate::system::random;

/// What a proof wants of the service. Settings that are not here are the service's own defaults.
#[derive(Clone)]
pub(crate) struct Wishes {
    pub(crate) database: Kind,
    /// How many instances share the database.
    pub(crate) instances: usize,
    /// How many verifying entities are registered.
    pub(crate) entities: usize,
    /// Who is on record.
    pub(crate) people: Vec<Person>,
    /// Further lines of the configuration file, by section; the section "" is its top.
    pub(crate) settings: Vec<(&'static str, String)>,
    /// Where the proof's folder is made; the system's place for temporary files otherwise.
    pub(crate) folder: Option<PathBuf>,
}

impl Wishes {
    pub(crate) fn new(database: &Kind) -> Self {
        Self {
            database: database.clone(),
            instances: 1,
            entities: 1,
            people: Vec::new(),
            settings: Vec::new(),
            folder: None,
        }
    }

    pub(crate) fn setting(mut self, section: &'static str, line: impl Into<String>) -> Self {
        self.settings.push((section, line.into()));
        self
    }
}

/// The running service and all that belongs to it. Dropped, everything ends and the folder is removed.
pub(crate) struct Stand {
    pub(crate) database: Database,
    pub(crate) outside: Outside,
    pub(crate) entities: Vec<Entity>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) program: Program,
    folder: TempDir,
}

impl Stand {
    /// Makes key, secrets and configuration, registers the entities, imports the records, and starts the instances.
    pub(crate) async fn start(kycvs: &Path, wishes: &Wishes) -> Result<Self> {
        let mut stand = Self::prepare(kycvs, wishes).await?;
        for at in 0..stand.instances.len() {
            stand.instances[at].start(&stand.program)?;
            stand.instances[at].ready().await?;
        }
        Ok(stand)
    }

    /// As [`start`](Self::start), with the instances still to be started.
    pub(crate) async fn prepare(kycvs: &Path, wishes: &Wishes) -> Result<Self> {
        let folder = match &wishes.folder {
            Some(folder) => tempfile::tempdir_in(folder)?,
            None => tempfile::tempdir()?,
        };
        let path = folder.path();
        let program = Program::new(kycvs, path);
        program.run(&["keygen", "--issuer", ISSUER, "--out-dir", "issuer"])?;
        secret_file(&path.join("secret"), &hex::encode(random::<32>()?))?;
        let gateway_secret = format!("whsec_{}", Base64::encode_string(&random::<32>()?));
        secret_file(&path.join("gateway-secret"), &gateway_secret)?;

        let outside = Outside::open().await?;
        outside.trust("sms", &gateway_secret)?;
        let database = Database::new(&wishes.database, path).await?;
        let addresses: Vec<SocketAddr> =
            (0..wishes.instances).map(|_| free_address()).collect::<Result<_>>()?;
        let mut instances = Vec::new();
        for (at, address) in addresses.iter().enumerate() {
            let config = path.join(format!("kycvs-{at}.toml"));
            let text = configuration(*address, addresses[0], &database, &outside, &wishes.settings);
            fs::write(&config, text)?;
            instances.push(Instance::new(*address, config, path.join(format!("log-{at}"))));
        }

        let mut stand = Self { database, outside, entities: Vec::new(), instances, program, folder };
        for at in 0..wishes.entities {
            stand.register(&format!("entity-{at}.example"))?;
        }
        if !wishes.people.is_empty() {
            let file = stand.path().join("records.csv");
            fs::write(&file, csv(wishes.people.iter().cloned()))?;
            let file = file.display().to_string();
            stand.administer(&["records", "import"], &[&file])?;
            fs::remove_file(&file)?;
        }
        Ok(stand)
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the instances listen.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.instances.iter().map(Instance::address).collect()
    }

    /// Where the first instance listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.instances[0].address()
    }

    /// A command of the operator, with the first instance's configuration.
    pub(crate) fn administer(&self, command: &[&str], arguments: &[&str]) -> Result<String> {
        let config = self.instances[0].config().display().to_string();
        self.program.run(&[command, &["--config", &config], arguments].concat())
    }

    /// `kycvs audit verify`: whether the chain is whole, and what was printed.
    pub(crate) fn audit_verify(&self) -> (bool, String) {
        match self.administer(&["audit", "verify"], &[]) {
            Ok(text) => (true, text.split_whitespace().collect::<Vec<_>>().join(" ")),
            Err(error) => (false, error.to_string()),
        }
    }

    /// All that the instances have written to their logs.
    pub(crate) fn logs(&self) -> Vec<u8> {
        self.instances.iter().flat_map(|instance| fs::read(instance.log()).unwrap_or_default()).collect()
    }

    fn register(&mut self, id: &str) -> Result<()> {
        let callback = self.outside.callback_url(id);
        let origin = format!("https://{id}");
        let arguments = ["--json", "--name", id, "--origin", &origin, "--callback-url", &callback, id];
        let said: Value = serde_json::from_str(&self.administer(&["entity", "add"], &arguments)?)?;
        let text = |name: &str| said[name].as_str().ok_or_else(|| format!("`entity add` gives no {name}"));
        self.outside.trust(id, text("webhook_key")?)?;
        let trust = fs::read(self.path().join("issuer/trust.cbor"))?;
        self.entities.push(Entity::new(id, text("api_key")?, &trust)?);
        Ok(())
    }
}

/// The configuration file. Everyone on loopback is a proxy, so that a proof can be any client.
fn configuration(
    listen: SocketAddr,
    public: SocketAddr,
    database: &Database,
    outside: &Outside,
    settings: &[(&'static str, String)],
) -> String {
    let own = [
        ("", format!("listen = \"{listen}\"")),
        ("", format!("public_url = \"http://{public}\"")),
        ("", format!("issuer = \"{ISSUER}\"")),
        ("", "display_name = \"Proof\"".to_owned()),
        ("", "key_file = \"issuer/issuer.pem\"".to_owned()),
        ("", "secret_file = \"secret\"".to_owned()),
        ("management", "listen = \"127.0.0.1:0\"".to_owned()),
        ("database", format!("url = \"{}\"", database.url())),
        ("proxies", "trusted = [\"127.0.0.0/8\"]".to_owned()),
        ("delivery", "kind = \"webhook\"".to_owned()),
        ("delivery", format!("url = \"{}\"", outside.gateway_url())),
        ("delivery", "secret_file = \"gateway-secret\"".to_owned()),
        ("webhooks", "allow_insecure = true".to_owned()),
        ("webhooks", "first_wait = 0.2".to_owned()),
        ("passes", "enabled = true".to_owned()),
        ("passes", format!("purposes = [\"{PASS_PURPOSE}\"]")),
    ];
    let all: Vec<&(&str, String)> = own.iter().chain(settings).collect();
    let mut sections: Vec<&str> = all.iter().map(|(section, _)| *section).collect();
    sections.sort_unstable();
    sections.dedup();
    let mut text = String::new();
    for section in sections {
        if !section.is_empty() {
            text = format!("{text}\n[{section}]\n");
        }
        for (_, line) in all.iter().filter(|(of, _)| *of == section) {
            text += line;
            text.push('\n');
        }
    }
    text
}

fn free_address() -> Result<SocketAddr> {
    // Free at this moment; a port that the system gave out is not given out again soon.
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

fn secret_file(path: &Path, secret: &str) -> Result<()> {
    let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
    writeln!(file, "{secret}")?;
    Ok(())
}

const ISSUER: &str = "in.gov.proof";
/// What open passes can be for.
pub(crate) const PASS_PURPOSE: &str = "mall-entry";
