//! A real Postfix with directories and ports of its own, in front of Sealgate and behind it, wired
//! as README's recipe says. The system's own Postfix is neither read nor touched.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::place::project;

/// What a test's Postfix is to be like.
pub struct Wiring {
    /// Where Sealgate takes mail of other people.
    pub sealgate_outside: SocketAddr,
    /// Where Sealgate takes mail of inside people.
    pub sealgate_inside: SocketAddr,
    /// Where mail goes in the end.
    pub world: SocketAddr,
    /// What port 25 would be: other people's mail.
    pub public: SocketAddr,
    /// What port 587 would be: inside people's mail.
    pub submission: SocketAddr,
    /// Where Sealgate gives mail back.
    pub returned: SocketAddr,
}

/// A running Postfix. It is stopped when dropped.
pub struct Postfix {
    folder: TempDir,
}

impl Postfix {
    /// Lays out the directories and starts the master.
    pub fn start(wiring: &Wiring) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("sealgate-postfix-")
            .tempdir()
            .unwrap();
        // Postfix drops to its own user and must still walk in here.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let postfix = Self { folder };
        for name in ["etc", "queue", "data"] {
            fs::create_dir(postfix.path(name)).unwrap();
        }
        fs::write(postfix.path("etc/main.cf"), postfix.main()).unwrap();
        fs::write(postfix.path("etc/master.cf"), master(wiring)).unwrap();
        fs::write(postfix.path("etc/dynamicmaps.cf"), "").unwrap();
        let owned = Command::new("chown")
            .arg("postfix")
            .arg(postfix.path("data"))
            .status();
        assert!(
            owned.is_ok_and(|s| s.success()),
            "no user postfix; run `tests/install mail`"
        );
        let started = postfix.postfix("start");
        let answers = postfix.wait_for(wiring.public) && postfix.wait_for(wiring.returned);
        assert!(
            answers,
            "postfix does not listen: {started:?}\n{}",
            postfix.log()
        );
        postfix
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn main(&self) -> String {
        let folder = self.folder.path().display();
        format!(
            "compatibility_level = 3.6\n\
             queue_directory = {folder}/queue\n\
             data_directory = {folder}/data\n\
             maillog_file = {folder}/data/log\n\
             maillog_file_prefixes = {folder}\n\
             mail_owner = postfix\n\
             setgid_group = postdrop\n\
             myhostname = mx.corp.example\n\
             mydestination =\n\
             local_recipient_maps =\n\
             mynetworks = 127.0.0.0/8\n\
             inet_interfaces = loopback-only\n\
             inet_protocols = ipv4\n\
             disable_dns_lookups = yes\n\
             smtp_host_lookup = native\n\
             alias_maps =\n\
             alias_database =\n\
             smtpd_relay_restrictions = permit_mynetworks,reject\n\
             smtputf8_enable = yes\n\
             minimal_backoff_time = 2s\n\
             maximal_backoff_time = 4s\n\
             queue_run_delay = 2s\n\
             message_size_limit = 52428800\n"
        )
    }

    /// The id of its master, whose children all others are.
    pub fn process_id(&self) -> Option<u32> {
        let id = fs::read_to_string(self.path("queue/pid/master.pid")).ok()?;
        id.trim().parse().ok()
    }

    /// All that it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("data/log")).unwrap_or_default()
    }

    /// How many messages wait in its queue.
    pub fn queued(&self) -> usize {
        ["incoming", "active", "deferred", "maildrop", "hold"]
            .iter()
            .map(|name| crate::corpus::files(&self.path("queue").join(name)).len())
            .sum()
    }

    /// Tries again what is deferred, now.
    pub fn flush(&self) {
        self.postfix("flush");
    }

    fn postfix(&self, verb: &str) -> Output {
        let mut command = Command::new("/usr/sbin/postfix");
        command.arg("-c").arg(self.path("etc")).arg(verb);
        command
            .output()
            .expect("postfix is installed; `tests/install mail` does it")
    }

    fn wait_for(&self, address: SocketAddr) -> bool {
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            if TcpStream::connect(address).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(50));
        }
        false
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- log of postfix ---\n{}", self.log());
        }
        self.postfix("stop");
    }
}

/// The lines of README's recipe as they stand there, with the addresses of this wiring, and what a
/// Postfix of Debian has beside them.
fn master(wiring: &Wiring) -> String {
    let lines = recipe("master.cf")
        .replace("smtp       inet", &format!("{} inet", wiring.public))
        .replace("submission inet", &format!("{} inet", wiring.submission));
    let port = |address: SocketAddr| format!("]:{}", address.port());
    let lines = lines
        .replace("]:10024", &port(wiring.sealgate_outside))
        .replace("]:10025", &port(wiring.sealgate_inside))
        .replace("127.0.0.1:10026", &wiring.returned.to_string());
    let world = wiring.world;
    format!(
        "{lines}\
         cleanup unix n - n - 0 cleanup\n\
         qmgr unix n - n 300 1 qmgr\n\
         rewrite unix - - n - - trivial-rewrite -o default_transport=smtp:[{}]:{}\n\
         bounce unix - - n - 0 bounce\n\
         defer unix - - n - 0 bounce\n\
         trace unix - - n - 0 bounce\n\
         smtp unix - - n - - smtp\n\
         relay unix - - n - - smtp\n\
         error unix - - n - - error\n\
         retry unix - - n - - error\n\
         discard unix - - n - - discard\n\
         anvil unix - - n - 1 anvil\n\
         scache unix - - n - 1 scache\n\
         tlsmgr unix - - n 1000? 1 tlsmgr\n\
         proxymap unix - - n - - proxymap\n\
         postlog unix-dgram n - n - 1 postlogd\n",
        world.ip(),
        world.port(),
    )
}

/// The block of README's recipe for the file of this name.
pub fn recipe(file: &str) -> String {
    let readme = fs::read_to_string(project().join("README.md")).unwrap();
    let (_, recipe) = readme.split_once("## Put it beside Postfix").unwrap();
    let (_, block) = recipe.split_once(&format!("/{file}`:\n\n```")).unwrap();
    let (_, block) = block.split_once('\n').unwrap();
    block.split_once("```").unwrap().0.to_owned()
}
