//! `sealgate demo`: shows everything on loopback; with `--once`, walks it by itself and says of
//! each outcome whether it was right.

use super::{OK, fail, failed, serve};
use crate::config::LogFormat;
use crate::demo::{DemoError, Ports, Step, World, walk};
use std::process::ExitCode;
use std::time::Duration;

/// How long the whole of `--once` may take.
const ONCE_TIMEOUT: Duration = Duration::from_secs(55);

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Walk through everything, say PASS or FAIL, and end
    #[arg(long)]
    once: bool,
}

/// Runs the command.
pub fn run(demo: &Demo) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    if demo.once {
        return runtime.block_on(once());
    }
    serve::log(LogFormat::Text);
    match runtime.block_on(show()) {
        Ok(()) => OK,
        Err(error) => fail(&error),
    }
}

async fn once() -> ExitCode {
    let walked = tokio::time::timeout(ONCE_TIMEOUT, async {
        let world = World::start(Ports::Free).await?;
        let steps = walk(&world).await;
        world.stop().await;
        Ok::<Vec<Step>, DemoError>(steps)
    });
    let steps = match walked.await {
        Ok(Ok(steps)) => steps,
        Ok(Err(error)) => return fail(&error),
        Err(_) => {
            println!(
                "FAIL demo - not done within {} seconds",
                ONCE_TIMEOUT.as_secs()
            );
            return failed();
        }
    };
    steps.iter().for_each(|step| println!("{step}"));
    let wrong = steps.iter().filter(|step| !step.passed).count();
    println!("{} passed, {wrong} failed", steps.len() - wrong);
    if wrong == 0 && !steps.is_empty() {
        OK
    } else {
        failed()
    }
}

async fn show() -> Result<(), DemoError> {
    let world = World::start(Ports::Known).await?;
    let steps = walk(&world).await;
    println!("\nSample letters went through the gateway. What came of them:\n");
    steps.iter().for_each(|step| println!("  {step}"));
    println!(
        "\n  mailboxes  http://{}/   every demo mailbox; open a notice there",
        world.page
    );
    println!("  viewer     http://{}/", world.running.viewer);
    println!(
        "  mail in    {}   (SMTP, from ann@corp.example to anyone)",
        world.running.listeners[0]
    );
    println!("\nCtrl-C ends the demo and removes everything it kept.\n");
    // An error here means that signals cannot be heard; then the demo simply ends.
    let _ = tokio::signal::ctrl_c().await;
    world.stop().await;
    Ok(())
}
