//! `kycvs serve`: as a demonstration, with a file of settings, and with one that cannot be used.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Folder, NOTHING, run};

/// A service that runs, and what it said when it began.
struct Serving {
    child: Child,
    said: Value,
}

impl Serving {
    fn start(folder: &Folder, arguments: &[&str]) -> Self {
        let mut command = folder.command();
        command.args(["--json", "serve"]).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
        let said = serde_json::from_str(&line).unwrap_or_else(|error| {
            let mut stderr = String::new();
            let _ = child.stderr.take().map(|mut pipe| pipe.read_to_string(&mut stderr));
            panic!("{error}: {line:?} {stderr}")
        });
        Self { child, said }
    }

    /// A member of what it said.
    fn text(&self, member: &str) -> &str {
        self.said[member].as_str().unwrap_or_else(|| panic!("{member} in {}", self.said))
    }

    /// Ends it as the system does, and gives its exit status and what it logged.
    fn stop(mut self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().is_ok_and(|status| status.success()));
        let deadline = Instant::now() + Duration::from_mins(2);
        while self.child.try_wait().expect("it can be asked").is_none() {
            assert!(Instant::now() < deadline, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut log = String::new();
        self.child.stderr.take().expect("a pipe").read_to_string(&mut log).expect("text");
        (self.child.wait().expect("it ended").code(), log)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

/// The status of a page.
fn status(url: &str) -> u16 {
    let rest = url.strip_prefix("http://").expect("http");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut stream = TcpStream::connect(host).expect("it listens");
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

#[test]
fn the_demonstration_leaves_nothing_behind() {
    let folder = Folder::new();
    let demo = Serving::start(&folder, &["--demo", "--listen", "127.0.0.1:0"]);
    for page in ["booking", "inbox", "pass"] {
        assert_eq!(status(demo.text(page)), 200, "{page}");
    }
    let config = demo.text("config_file").to_owned();
    assert!(Path::new(&config).exists());
    let (code, log) = demo.stop();
    assert_eq!((code, log.as_str()), (Some(0), ""));
    assert!(!Path::new(&config).parent().expect("a folder").exists());
}

#[test]
fn the_files_of_a_demonstration_that_are_kept_are_those_of_a_service() {
    let folder = Folder::new();
    let demo = Serving::start(&folder, &["--demo", "--dir", "demo", "--listen", "127.0.0.1:0"]);
    // While it runs, another one on its database is refused.
    let second = run(folder.command().args(["serve", "--config", "demo/kycvs.toml"]), b"");
    second.ends(2, "another `kycvs serve` works with the database");
    assert_eq!(demo.stop().0, Some(0));
    let service = Serving::start(&folder, &["--config", "demo/kycvs.toml"]);
    for (member, path, wanted) in [
        ("address", "readyz", 200),
        ("address", "metrics", 404),
        ("management", "healthz", 200),
        ("management", "readyz", 200),
        ("management", "metrics", 200),
        ("management", "jwks.json", 404),
    ] {
        assert_eq!(status(&format!("http://{}/{path}", service.text(member))), wanted, "{member} {path}");
    }
    assert_eq!(service.stop().0, Some(0));
}

#[test]
fn people_are_told_where_to_look() {
    let folder = Folder::new();
    let mut command = folder.command();
    command.args(["serve", "--demo", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let mut text = String::new();
    for line in lines.by_ref() {
        text += &(line + "\n");
        if text.ends_with("Ctrl-C ends it.\n") {
            break;
        }
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().is_ok());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    for part in ["booking  http://localhost:", "/inbox  ", "98765 43210  2, fully vaccinated", "मीरा वर्मा"]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn a_file_that_cannot_be_used_is_refused_with_its_line() {
    let folder = Folder::new();
    folder.write("kycvs.toml", "listen = \"127.0.0.1:0\"\nlisten_on = 1\n");
    folder
        .run("serve --config kycvs.toml", NOTHING)
        .ends(2, "error[invalid_setting]: `kycvs.toml`, line 2: unknown field `listen_on`");
    folder
        .run("entity list --config kycvs.toml", NOTHING)
        .ends(2, "error[invalid_setting]: `kycvs.toml`, line 2");
    let refused = folder.run("--json serve --config kycvs.toml", NOTHING).json();
    assert_eq!((&refused["number"], &refused["family"]), (&120.into(), &"set_up".into()));
    folder.run("serve --config nothing.toml", NOTHING).ends(2, "error[io]: `nothing.toml`: cannot be read");
    let refused = folder.run("--json serve --config nothing.toml", NOTHING);
    assert_eq!((refused.status, &refused.json()["ok"]), (Some(2), &Value::Bool(false)));
}

#[test]
fn callback_address_that_is_not_called_is_taken_with_a_note() {
    let folder = Folder::new();
    let settings = "public_url = 'https://issuer.example'\nissuer = 'a.example'\ndisplay_name = 'A'\n\
                    key_file = 'issuer.pem'\nsecret_file = 'secret'\nspecimen = true\n[delivery]\nkind = 'inbox'\n";
    folder.write("secret", "ab".repeat(32));
    folder.set_mode("secret", 0o600);
    for (id, host, more, is_noted) in [
        ("a.example", "10.0.0.7", "", true),
        ("b.example", "www.example.org", "", false),
        ("c.example", "10.0.0.7", "[webhooks]\nallow_insecure = true\n", false),
    ] {
        folder.write("kycvs.toml", format!("{settings}{more}"));
        let add = format!("entity add {id} --name A --callback-url https://{host}/ --config kycvs.toml");
        let added = folder.run(&add, NOTHING);
        assert_eq!((added.status, added.stderr.starts_with("note: ")), (Some(0), is_noted), "{added:?}");
        assert_eq!(added.stderr.contains("allow_insecure = true under [webhooks]"), is_noted, "{added:?}");
        assert!(added.stdout.contains("api key") && !added.stdout.contains("note"), "{added:?}");
    }
    let refused = "entity add d.example --name A --callback-url ftp://example.org/ --config kycvs.toml";
    folder.run(refused, NOTHING).ends(2, "error[usage]: a callback address starts with https://");
}

#[test]
fn it_is_either_a_demonstration_or_not() {
    let folder = Folder::new();
    for arguments in [
        "serve",
        "serve --demo --config kycvs.toml",
        "serve --config kycvs.toml --dir x",
        "serve --listen 1:1",
    ] {
        folder.run(arguments, NOTHING).ends(2, "error[usage]");
    }
    folder.run("serve --demo --listen 192.0.2.1:80", NOTHING).ends(2, "give a loopback address");
    assert!(!folder.path("kycvs.toml").exists());
}
