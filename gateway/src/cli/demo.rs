//! `sealgate demo`: shows everything on loopback; with `--once`, walks it by itself and says of
//! each outcome whether it was right.

use super::{OK, Output, failed, serve};
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
pub fn run(demo: &Demo, output: &mut Output) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return output.fail(&error),
    };
    if demo.once {
        return runtime.block_on(once(output));
    }
    serve::log(LogFormat::Text);
    match runtime.block_on(show(output)) {
        Ok(()) => OK,
        Err(error) => output.fail(&error),
    }
}

async fn once(output: &mut Output) -> ExitCode {
    let walked = tokio::time::timeout(ONCE_TIMEOUT, async {
        let world = World::start(Ports::Free).await?;
        let steps = walk(&world).await;
        world.stop().await;
        Ok::<Vec<Step>, DemoError>(steps)
    });
    let steps = match walked.await {
        Ok(Ok(steps)) => steps,
        Ok(Err(error)) => return output.fail(&error),
        Err(_) => {
            let seconds = ONCE_TIMEOUT.as_secs();
            output.say(format_args!(
                "FAIL demo - not done within {seconds} seconds"
            ));
            return failed();
        }
    };
    steps.iter().for_each(|step| output.say(step));
    let wrong = steps.iter().filter(|step| !step.passed).count();
    let right = steps.len() - wrong;
    output.say(format_args!("{right} passed, {wrong} failed"));
    if wrong == 0 && !steps.is_empty() {
        OK
    } else {
        failed()
    }
}

async fn show(output: &mut Output) -> Result<(), DemoError> {
    let world = World::start(Ports::Known).await?;
    let steps = walk(&world).await;
    output.say("\nSample letters went through the gateway. What came of them:\n");
    steps
        .iter()
        .for_each(|step| output.say(format_args!("  {step}")));
    let (page, viewer) = (world.page, world.running.viewer);
    let mail_in = world.running.listeners[0];
    output.say(format_args!(
        "\n  mailboxes  http://{page}/   every demo mailbox; open a notice there"
    ));
    output.say(format_args!("  viewer     http://{viewer}/"));
    output.say(format_args!(
        "  mail in    {mail_in}   (SMTP, from ann@corp.example to anyone)"
    ));
    output.say("\nCtrl-C ends the demo and removes everything it kept.\n");
    if output.is_open() {
        // An error here means that signals cannot be heard; then the demo simply ends.
        let _ = tokio::signal::ctrl_c().await;
    }
    world.stop().await;
    Ok(())
}
