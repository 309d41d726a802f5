//! `sealgate check`: configuration, rules and labels; every mistake at once, in its line. It tries
//! the key and the certificates that `serve` would refuse, and opens no store and no port.

use super::rule_set::{RuleArguments, RuleSet};
use super::{OK, Output, chain, counted, failed};
use crate::config::{Config, Listen};
use crate::{assemble, tls};
use std::net::IpAddr;
use std::process::ExitCode;

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub struct Check {
    #[command(flatten)]
    rules: RuleArguments,
}

/// Runs the command.
pub fn run(check: &Check, output: &mut Output) -> ExitCode {
    let read = check.rules.read().and_then(|set| match doubts(&set) {
        doubts if doubts.is_empty() => Ok(set),
        doubts => Err(doubts.into()),
    });
    match read {
        Ok(set) => {
            set.tell_assumed(output);
            for advice in &set.advice {
                output.complain(format_args!("{}\n", advice.render()));
            }
            let labels = set.policy.labels().iter().count();
            let (rules, cases) = (set.policy.rules_count(), set.policy.cases().len());
            let files = set.files;
            let all = [
                (files, "file"),
                (labels, "label"),
                (rules, "rule"),
                (cases, "case"),
            ];
            let all = all.map(|(count, noun)| counted(count as u64, noun));
            output.say(format_args!("ok: {}", all.join(", ")));
            if rules == 0 {
                output.say("there are no rules: every message passes unchanged");
            }
            OK
        }
        Err(mistakes) => {
            for one in &mistakes.said {
                output.complain(format_args!("{}\n", one.trim_end()));
            }
            output.complain(counted(mistakes.count as u64, "mistake"));
            failed()
        }
    }
}

/// What `serve` would refuse beside the text of the configuration. Nothing, where other rules than
/// the configuration's are spoken of: then it is not about this machine.
fn doubts(set: &RuleSet) -> Vec<String> {
    let Some(config) = set.config.as_ref().filter(|_| set.is_configured) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut note = |error: &dyn std::error::Error| found.push(format!("error: {}", chain(error)));
    if let Err(error) = assemble::read_key(&config.keys.server) {
        note(&error);
    }
    for listen in &config.listen {
        let authority = listen.client_authority.as_deref();
        let certificate = listen.certificate.as_ref();
        if let Some(Err(error)) = certificate.map(|one| tls::server_config(one, authority)) {
            note(&error);
        }
    }
    let viewer = config.viewer.certificate.as_ref();
    if let Some(Err(error)) = viewer.map(|one| tls::server_config(one, None)) {
        note(&error);
    }
    let relay = &config.relay;
    if let Err(error) = tls::client_config(relay.tls, relay.authority.as_deref()) {
        note(&error);
    }
    found.extend(ring(config));
    found
}

/// A next hop that is a listener of our own: every message would go round until it is refused.
fn ring(config: &Config) -> Option<String> {
    let hop = &config.relay.next_hop;
    let here = hop.host.parse::<IpAddr>().ok();
    let is_ours = |listen: &&Listen| {
        let ip = listen.address.ip();
        let same = match here {
            Some(here) => ip == here || (ip.is_unspecified() && here.is_loopback()),
            None => hop.is_loopback() && (ip.is_loopback() || ip.is_unspecified()),
        };
        same && listen.address.port() == hop.port
    };
    config.listen.iter().find(is_ours).map(|listen| {
        let address = listen.address;
        format!(
            "error: `next_hop` is our own listener {address}: mail would go round\n  \
             = help: name the server behind, which takes back what Sealgate passes on"
        )
    })
}
