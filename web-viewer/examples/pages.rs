//! Serves every state of the viewer with sample letters on loopback, to be looked at and to be
//! driven by a real browser. Prints one `name address` line for each letter, then the codes as
//! they are "mailed". It knows nothing that a viewer in service does not.

#[path = "../tests/support/mod.rs"]
mod support;

use std::io::{BufRead, Write};

use support::{Mood, Terms, World, samples, settings};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let mut site = settings();
    site.url.clone_from(&url);
    let world = World::with(site).await;
    for (name, raw, terms) in samples::all() {
        let sealed = world.seal(&raw, &terms).await;
        println!("{name} {url}{}", sealed.link());
    }
    let revoked = world.seal(&samples::plain(), &Terms::default()).await;
    world
        .store
        .revoke(revoked.grant, "ann.meyer@corp.example")
        .await?;
    println!("revoked {url}{}", revoked.link());
    let unopened = world
        .seal(
            &samples::plain(),
            &Terms {
                days: 0,
                ..Terms::default()
            },
        )
        .await;
    println!("unopened {url}{}", unopened.link());
    println!("ready");
    std::io::stdout().flush()?;
    let router = world.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });
    // Commands on standard input: `code`, `takes`, `refuses`, `later`, `pass SECONDS`.
    let (send, mut lines) = tokio::sync::mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if send.blocking_send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = lines.recv().await {
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("takes", _) => world.mailer.set(Mood::Takes),
            ("refuses", _) => world.mailer.set(Mood::Refuses),
            ("later", _) => world.mailer.set(Mood::Later),
            ("pass", seconds) => world.pass_seconds(seconds.parse()?),
            _ => {}
        }
        println!(
            "code {}",
            world.mailer.codes().last().map_or("none", |code| code)
        );
        std::io::stdout().flush()?;
    }
    Ok(())
}
