//! The real `sealgate serve` in a directory of its own, started, killed and started again as a test
//! likes. It is driven through its ports, its files and its signals only.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sqlx::Connection;
use tempfile::TempDir;

use crate::place;
use crate::sender::Sender;

/// The inside domain of every test.
pub const DOMAIN: &str = "corp.example";

/// What a test's gateway is to be like.
pub struct Site {
    /// Files of the rules directory: name and text. None of them: an empty policy.
    pub rules: Vec<(String, String)>,
    /// Where passed mail goes.
    pub next_hop: SocketAddr,
    /// More lines of the `[relay]` table.
    pub relay: String,
    /// More TOML after the tables below: `[limits]` and the like.
    pub more: String,
    /// Environment variables of the process.
    pub environment: Vec<(&'static str, String)>,
}

impl Site {
    /// A site with one rule file.
    pub fn new(next_hop: SocketAddr, rules: &str) -> Self {
        let rules = match rules {
            "" => Vec::new(),
            text => vec![("50-test.toml".to_owned(), text.to_owned())],
        };
        Self {
            rules,
            next_hop,
            relay: String::new(),
            more: String::new(),
            environment: Vec::new(),
        }
    }

    /// With more lines in the `[relay]` table.
    pub fn with_relay(mut self, lines: &str) -> Self {
        self.relay.push_str(lines);
        self
    }

    /// With more TOML at the end of the configuration.
    pub fn with(mut self, more: &str) -> Self {
        self.more.push_str(more);
        self
    }
}

/// A running gateway. It is killed when dropped.
pub struct Gateway {
    folder: TempDir,
    process: Option<Child>,
    environment: Vec<(&'static str, String)>,
    /// Where inside people's mail comes in.
    pub inside: SocketAddr,
    /// Where other people's mail comes in.
    pub outside: SocketAddr,
    /// Where letters are read.
    pub viewer: SocketAddr,
}

impl Gateway {
    /// Lays out a directory, makes a key and serves.
    pub fn start(site: &Site) -> Self {
        let mut gateway = Self::prepare(site);
        gateway.serve();
        gateway
    }

    /// All of [`Gateway::start`] but the process.
    pub fn prepare(site: &Site) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("sealgate-test-")
            .tempdir()
            .unwrap();
        let [inside, outside, viewer] = free_addresses();
        for name in ["rules", "data", "tmp"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        for (name, text) in &site.rules {
            fs::write(folder.path().join("rules").join(name), text).unwrap();
        }
        let gateway = Self {
            folder,
            process: None,
            environment: site.environment.clone(),
            inside,
            outside,
            viewer,
        };
        fs::write(gateway.path("sealgate.toml"), gateway.configuration(site)).unwrap();
        let key = gateway.path("server.key");
        let made = gateway
            .command("keys")
            .arg("generate")
            .arg(key)
            .output()
            .unwrap();
        assert!(made.status.success(), "no server key was made: {made:?}");
        gateway
    }

    fn configuration(&self, site: &Site) -> String {
        let folder = self.folder.path().display();
        let Self {
            inside,
            outside,
            viewer,
            ..
        } = self;
        let (next_hop, relay, more) = (site.next_hop, &site.relay, &site.more);
        format!(
            r#"
[organisation]
name = "Corp"
domains = ["{DOMAIN}"]
id = "cb46c030-1825-4e81-a295-151c039dbf02"

[server]
hostname = "sealgate.corp.example"

[[listen]]
protocol = "smtp"
address = "{inside}"
source = "inside"
allow = ["127.0.0.0/8"]

[[listen]]
protocol = "smtp"
address = "{outside}"
source = "outside"
allow = ["127.0.0.0/8"]

[relay]
next_hop = "{next_hop}"
{relay}

[viewer]
address = "{viewer}"
url = "http://{viewer}"
sender = "secure-mail@corp.example"
help = "helpdesk@corp.example"

[store]
records = "sqlite:{folder}/data/records.db"
blobs = "file:{folder}/data/blobs"

[keys]
server = "{folder}/server.key"
shred_keys = "sqlite:{folder}/data/keys.db"

[rules]
directory = "{folder}/rules"
{more}
"#
        )
    }

    /// A path in the gateway's directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The gateway's directory: rules, data, tmp, logs, configuration and key.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A `sealgate` command with this site's configuration.
    pub fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(place::sealgate());
        command.arg(verb).env("TMPDIR", self.path("tmp"));
        if verb != "keys" {
            command.arg("--config").arg(self.path("sealgate.toml"));
        }
        command
    }

    /// Starts the process and waits until it greets on its listeners; panics with its log if not.
    pub fn serve(&mut self) {
        if let Err(log) = self.try_serve() {
            panic!("sealgate does not serve:\n{log}");
        }
    }

    /// As [`Gateway::serve`], where no file may grow beyond so many KiB.
    pub fn serve_with_file_limit(&mut self, limit_kib: u32) {
        // A write beyond the limit is to fail, not to end the process.
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", limit_kib * 2);
        self.serve_under(&["sh", "-c", &script, "sh"]);
    }

    /// As [`Gateway::serve`], started by another program that is given ours to run.
    pub fn serve_under(&mut self, program: &[&str]) {
        let serve = self.command("serve");
        let mut command = Command::new(program[0]);
        command
            .args(&program[1..])
            .arg(serve.get_program())
            .args(serve.get_args());
        command.envs(
            serve
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        if let Err(log) = self.run(command) {
            panic!("sealgate does not serve:\n{log}");
        }
    }

    /// As [`Gateway::serve`]; the log where the process ended before it greeted.
    pub fn try_serve(&mut self) -> Result<(), String> {
        let command = self.command("serve");
        self.run(command)
    }

    fn run(&mut self, mut command: Command) -> Result<(), String> {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path("log"))
            .unwrap();
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        let output = log.try_clone().unwrap();
        let mut process = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(log)
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            if process.try_wait().unwrap().is_some() {
                return Err(self.log());
            }
            let greets = |at| Sender::connect(at).is_ok_and(|sender| sender.greeting.code == 250);
            let is_open = |at| TcpStream::connect(at).is_ok();
            if greets(self.inside) && greets(self.outside) && is_open(self.viewer) {
                self.process = Some(process);
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        process.kill().ok();
        process.wait().ok();
        Err(self.log())
    }

    /// The process's id, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// All that the process has said.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.path("log")).unwrap_or_default()).into_owned()
    }

    /// Whether the log says `words` within ten seconds.
    pub fn log_says(&self, words: &str) -> bool {
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            if self.log().contains(words) {
                return true;
            }
            thread::sleep(Duration::from_millis(50));
        }
        false
    }

    /// `kill -9`, as sudden as a process can end.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().ok();
            process.wait().ok();
        }
    }

    /// Sends a signal by name: `HUP`, `TERM`.
    pub fn signal(&self, name: &str) {
        let id = self.process.as_ref().expect("the gateway runs").id();
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(id.to_string())
            .status();
        assert!(sent.unwrap().success(), "cannot send {name}");
    }

    /// The exit code, when the process ends within thirty seconds.
    pub fn wait(&mut self) -> Option<i32> {
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            if let Some(status) = self.process.as_mut()?.try_wait().unwrap() {
                self.process = None;
                return status.code();
            }
            thread::sleep(Duration::from_millis(20));
        }
        None
    }

    /// Writes a rule file in place of one of the same name, as an editor does.
    pub fn write_rules(&self, name: &str, text: &str) {
        let target = self.path("rules").join(name);
        let draft = self.path("rules").join(format!(".{name}.draft"));
        fs::write(&draft, text).unwrap();
        fs::rename(draft, target).unwrap();
    }

    /// Does something to the records database behind the gateway's back.
    pub fn change_records(&self, sql: &'static str) {
        let location = format!("sqlite:{}", self.path("data/records.db").display());
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let changed = runtime.block_on(async {
            let mut records = sqlx::SqliteConnection::connect(&location).await?;
            sqlx::raw_sql(sql).execute(&mut records).await?;
            records.close().await
        });
        changed.unwrap_or_else(|error| panic!("`{sql}`: {error}"));
    }

    /// A greeted connection to the inside listener.
    pub fn inside(&self) -> Sender {
        Sender::connect(self.inside).expect("the inside listener answers")
    }

    /// A greeted connection to the outside listener.
    pub fn outside(&self) -> Sender {
        Sender::connect(self.outside).expect("the outside listener answers")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("--- log of sealgate ---\n{}", self.log());
        }
    }
}

/// Ports below those that Linux lends to connections (`ip_local_port_range`, 32768 and up): one
/// that is free while it is chosen cannot become the near end of some connection before its server
/// binds it.
const PORTS: std::ops::Range<u16> = 16_384..32_768;

/// Loopback addresses that nobody listens on. None is given twice by this process.
pub fn free_addresses<const N: usize>() -> [SocketAddr; N] {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Processes beside each other begin apart.
    let begin = std::process::id().wrapping_mul(97) as u16;
    let mut tries = 0..PORTS.len();
    std::array::from_fn(|_| {
        tries
            .by_ref()
            .map(|_| begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % PORTS.len() as u16)
            .map(|nth| SocketAddr::from((Ipv4Addr::LOCALHOST, PORTS.start + nth)))
            .find(|address| TcpListener::bind(address).is_ok())
            .expect("a free port")
    })
}
