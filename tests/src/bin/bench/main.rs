//! `make bench`: messages a second and CPU time per 1,000 messages, for the same source and sink
//! with nothing, a raw splice, Sealgate or Postfix between them, turn by turn in one run. "bare" is
//! Sealgate's front end and next hop with no station between them: what the pipeline adds is
//! the difference to "pass".
//! It tells what it measured and judges nothing.

mod bare;
mod flood;

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use end_to_end::gateway::{Gateway, Site, free_addresses};
use end_to_end::load::{Letter, Meter, Source, Swallow, splice};
use end_to_end::place::project;
use end_to_end::postfix::{Postfix, Wiring};

const USAGE: &str = "usage: bench [--seconds N] [--rounds N] [--connections N] [--only NAME,…]";

/// The sizes, as the table names them.
const SIZES: [(&str, usize); 3] = [("4 KiB", 4 << 10), ("64 KiB", 64 << 10), ("1 MiB", 1 << 20)];

/// How long a queue may take to run empty once nothing more comes in.
const EMPTYING: Duration = Duration::from_secs(120);

/// A subject that nothing in the shipped policy matches, and one that has the letter sealed.
const PLAIN: &str = "Minutes of the meeting";
const SEALED: &str = "[encrypt] Minutes of the meeting";

/// A recipient outside, so that a policy has something to think about.
const RECIPIENT: &str = "bob@partner.example";

struct Plan {
    seconds: f64,
    rounds: usize,
    connections: usize,
    only: Option<Vec<String>>,
}

/// Something between source and sink.
struct Contender {
    name: &'static str,
    address: SocketAddr,
    subject: &'static str,
    meter: Option<Meter>,
    results: Vec<Measured>,
    /// Held as long as it runs.
    _process: Running,
}

enum Running {
    Nothing,
    Child(Child),
    Sealgate(#[allow(dead_code)] Box<Gateway>), // Dropping it ends it.
    Postfix(#[allow(dead_code)] Postfix),       // Dropping it ends it.
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Self::Child(child) = self {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// One contender, one size, all rounds.
#[derive(Clone, Copy, Default)]
struct Measured {
    messages: u64,
    refused: u64,
    time: Duration,
    cpu: Duration,
}

impl Measured {
    fn per_second(&self) -> f64 {
        self.messages as f64 / self.time.as_secs_f64().max(1e-9)
    }

    fn cpu_per_thousand(&self) -> f64 {
        self.cpu.as_secs_f64() * 1000.0 / (self.messages as f64).max(1.0)
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // What is measured runs in a process of its own: this program again.
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["splice", to] => return be_splice(to),
        ["bare", to] => return bare::be(to),
        _ => {}
    }
    let Some(plan) = Plan::read(&arguments) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&plan) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Plan {
    fn read(arguments: &[String]) -> Option<Self> {
        let mut plan = Self {
            seconds: 2.0,
            rounds: 3,
            connections: 8,
            only: None,
        };
        for pair in arguments.chunks(2) {
            let [word, value] = pair else { return None };
            match word.as_str() {
                "--seconds" => plan.seconds = value.parse().ok().filter(|n| *n > 0.0)?,
                "--rounds" => plan.rounds = value.parse().ok().filter(|n| *n > 0)?,
                "--connections" => plan.connections = value.parse().ok().filter(|n| *n > 0)?,
                "--only" => plan.only = Some(value.split(',').map(str::to_owned).collect()),
                _ => return None,
            }
        }
        Some(plan)
    }

    fn wants(&self, name: &str) -> bool {
        self.only
            .as_ref()
            .is_none_or(|only| only.iter().any(|one| one == name))
    }
}

fn be_splice(to: &str) -> ExitCode {
    let (Ok(to), Ok(listener)) = (to.parse(), TcpListener::bind("127.0.0.1:0")) else {
        return ExitCode::FAILURE;
    };
    let Ok(address) = listener.local_addr() else {
        return ExitCode::FAILURE;
    };
    println!("{address}");
    splice(&listener, to);
    ExitCode::SUCCESS
}

fn run(plan: &Plan) -> io::Result<()> {
    let sink = Swallow::start()?;
    let mut contenders = contenders(plan, &sink)?;
    for (name, octets) in SIZES {
        eprintln!("measuring {name} …");
        let mut sums = vec![Measured::default(); contenders.len()];
        // Round by round, so that what else the machine does meets all alike.
        for _ in 0..plan.rounds {
            for (contender, sum) in contenders.iter().zip(&mut sums) {
                measure(plan, contender, octets, &sink, sum)?;
            }
        }
        for (contender, sum) in contenders.iter_mut().zip(sums) {
            contender.results.push(sum);
        }
    }
    let mut out = table(plan, &contenders);
    drop(contenders);
    if plan.wants("flood") {
        eprintln!("flooding …");
        out.push_str(&flood::lines()?);
    }
    io::stdout().write_all(out.as_bytes())
}

fn contenders(plan: &Plan, sink: &Swallow) -> io::Result<Vec<Contender>> {
    let to = sink.address();
    let mut all = Vec::new();
    let mut add = |name, address, subject, meter, process| {
        let results = Vec::new();
        all.push(Contender {
            name,
            address,
            subject,
            meter,
            results,
            _process: process,
        });
    };
    if plan.wants("direct") {
        add("direct", to, PLAIN, None, Running::Nothing);
    }
    for name in ["splice", "bare"] {
        if plan.wants(name) {
            let (child, address) = start_self(name, to)?;
            add(
                name,
                address,
                PLAIN,
                Some(Meter::of(child.id())),
                Running::Child(child),
            );
        }
    }
    for (name, subject) in [("pass", PLAIN), ("seal", SEALED)] {
        if plan.wants(name) {
            let gateway = Gateway::start(&site(to)?);
            let meter = gateway.process_id().map(Meter::of);
            let address = gateway.inside;
            add(
                name,
                address,
                subject,
                meter,
                Running::Sealgate(Box::new(gateway)),
            );
        }
    }
    if plan.wants("postfix") {
        let (postfix, address) = start_postfix(to);
        let meter = postfix.process_id().map(Meter::of);
        add("postfix", address, PLAIN, meter, Running::Postfix(postfix));
    }
    Ok(all)
}

fn start_self(name: &str, to: SocketAddr) -> io::Result<(Child, SocketAddr)> {
    let mut child = Command::new(std::env::current_exe()?)
        .args([name, &to.to_string()])
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let address = line.trim().parse().map_err(io::Error::other)?;
    Ok((child, address))
}

/// The policy that ships; what nothing in it matches passes, what is tagged is sealed.
fn site(to: SocketAddr) -> io::Result<Site> {
    let mut site = Site::new(to, "");
    for entry in std::fs::read_dir(project().join("rules/policy"))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".toml") {
            site.rules
                .push((name, std::fs::read_to_string(entry.path())?));
        }
    }
    Ok(site)
}

/// Real Postfix with its queue on disk: what comes in by submission goes to the sink.
fn start_postfix(to: SocketAddr) -> (Postfix, SocketAddr) {
    let [public, submission, returned] = free_addresses();
    let wiring = Wiring {
        sealgate_outside: to,
        sealgate_inside: to,
        world: to,
        public,
        submission,
        returned,
    };
    (Postfix::start(&wiring), submission)
}

fn measure(
    plan: &Plan,
    contender: &Contender,
    octets: usize,
    sink: &Swallow,
    sum: &mut Measured,
) -> io::Result<()> {
    let letter = Letter::new(octets, RECIPIENT, contender.subject);
    let mut source = Source::connect(contender.address, plan.connections)?;
    // What is opened or loaded once is not what is measured.
    source.run(&letter, Duration::from_millis(200));
    let (swallowed, cpu) = (sink.messages(), contender.cpu());
    let begun = Instant::now();
    let tally = source.run(&letter, Duration::from_secs_f64(plan.seconds));
    // A queue has not delivered what it has taken.
    if !sink.reaches(swallowed + tally.taken, EMPTYING) {
        eprintln!(
            "bench: {}: messages taken and not delivered in time",
            contender.name
        );
    }
    sum.time += begun.elapsed();
    sum.cpu += contender.cpu().saturating_sub(cpu);
    sum.messages += tally.taken;
    sum.refused += tally.refused;
    Ok(())
}

impl Contender {
    fn cpu(&self) -> Duration {
        self.meter.map_or(Duration::ZERO, |meter| meter.cpu())
    }
}

/// One line a contender, three columns a size: messages a second, their ratio to the splice's, and
/// CPU seconds per 1,000 messages.
fn table(plan: &Plan, contenders: &[Contender]) -> String {
    let mut out = format!(
        "{} connections, {} rounds of {} s; messages a second (to the splice), CPU s per 1,000\n",
        plan.connections, plan.rounds, plan.seconds
    );
    out.push_str(&format!("{:10}", ""));
    for (name, _) in SIZES {
        out.push_str(&format!("{name:>32}"));
    }
    out.push('\n');
    let splice = contenders
        .iter()
        .find(|contender| contender.name == "splice");
    for contender in contenders {
        out.push_str(&format!("{:10}", contender.name));
        for (place, measured) in contender.results.iter().enumerate() {
            let base = splice.and_then(|splice| splice.results.get(place));
            let ratio = base.map_or(0.0, |base| measured.per_second() / base.per_second());
            let cpu = measured.cpu_per_thousand();
            out.push_str(&format!(
                "{:>14.0} ({ratio:>5.3}) {cpu:>9.3}",
                measured.per_second()
            ));
        }
        let refused: u64 = contender
            .results
            .iter()
            .map(|measured| measured.refused)
            .sum();
        if refused > 0 {
            out.push_str(&format!("   {refused} refused"));
        }
        out.push('\n');
    }
    out
}
