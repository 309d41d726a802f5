//! Held mail with the database alone: it opens nothing, and decides nothing.

use store::held::{HELD_BROKEN_SECONDS, HELD_PART_BYTES};
use store::{
    Decided, HeldArrival, HeldCopy, HeldId, HeldMail, HeldNews, HeldRoom, HeldVerdict, NewHeld,
    ServedKey, StoreError,
};

use crate::common::World;
use crate::tamper::behind;

const TEXT: &str = "canary in the text of a held message";
const REASON: &str = "canary in the reason for holding";
const WHY: &str = "canary in the reason for a decision";
const LIFE: i64 = 100_000;
const ROOM: HeldRoom = HeldRoom {
    messages_max: 10,
    bytes_max: 10 << 20,
    sender_percent: 100,
};

async fn hold(world: &World) -> HeldId {
    // The canary stands on both sides of the border between two parts.
    let mut message = vec![b'.'; HELD_PART_BYTES - TEXT.len()];
    message.extend_from_slice(TEXT.repeat(2).as_bytes());
    let now = world.now();
    let new = NewHeld {
        mail: HeldMail {
            message: "0abcdefghjk".to_owned(),
            sender: "ann@corp.example".to_owned(),
            copies: vec![HeldCopy {
                recipient: "bob@partner.example".to_owned(),
                reason: REASON.to_owned(),
                rules: Vec::new(),
                added: false,
                instead_of: Vec::new(),
            }],
            recipients: vec!["bob@partner.example".to_owned()],
            came: HeldArrival::default(),
            arrived: now,
            since: now,
            expires: now.plus_seconds(LIFE),
            size: message.len() as u64,
            subject: None,
        },
        message: &message,
        served: (
            ServedKey {
                sender: String::new(),
                digest: [1; 32],
            },
            Vec::new(),
        ),
        notice: None,
        room: ROOM,
        news: HeldNews::Nothing,
    };
    world.store.hold(new).await.unwrap()
}

/// The files below the store's folder that hold this.
fn sightings(world: &World, word: &str) -> Vec<String> {
    let files = std::fs::read_dir(&world.folder).unwrap();
    let files = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.is_file());
    let mut found = Vec::new();
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        if bytes.windows(word.len()).any(|at| at == word.as_bytes()) {
            found.push(file.display().to_string());
        }
    }
    found
}

#[tokio::test]
async fn the_database_shows_nothing_of_it() {
    let world = World::new().await;
    let id = hold(&world).await;
    let decided = world
        .store
        .decide(id, HeldVerdict::Reject, Some(WHY), "operator eve");
    assert_eq!(decided.await.unwrap(), Decided::Now);
    for word in [TEXT, REASON] {
        assert_eq!(sightings(&world, word), [""; 0], "{word}");
    }
    // The control: the audit log is there to be read, and so is what stands in clear in a column.
    assert!(!sightings(&world, WHY).is_empty(), "the audit log says why");
    let spill = "update held set head = 'canary in the reason for holding'";
    assert_eq!(behind(&world, "records.db", spill).await, 1);
    assert!(!sightings(&world, REASON).is_empty(), "a canary that flies");
}

#[tokio::test]
async fn nobody_decides_by_writing_into_the_database() {
    let world = World::new().await;
    let (mine, other) = (hold(&world).await, hold(&world).await);
    let decided = world
        .store
        .decide(other, HeldVerdict::Release, None, "operator eve");
    assert_eq!(decided.await.unwrap(), Decided::Now);
    let decision = async |id| {
        let held = world.store.held_one(id).await;
        held.map(|held| held.unwrap().decision.map(|decision| decision.verdict))
    };
    assert_eq!(decision(other).await.unwrap(), Some(HeldVerdict::Release));
    for forged in [
        "update held set decided = 1, due = 0, decision = x'00' where decision is null",
        // Somebody else's decision, and somebody else's head.
        "update held set decision = (select decision from held order by length(decision) desc \
         limit 1)",
        "update held set decision = null, head = (select head from held order by id limit 1)",
    ] {
        assert!(behind(&world, "records.db", forged).await > 0, "{forged}");
        let mine = decision(mine).await;
        let other = decision(other).await;
        assert!(
            mine.is_err() || other.is_err(),
            "{forged}: {mine:?} {other:?}"
        );
    }
}

#[tokio::test]
async fn nobody_ends_it_before_its_time_by_writing_into_the_database() {
    let world = World::new().await;
    let id = hold(&world).await;
    let forged = "update held set due = 0";
    assert_eq!(behind(&world, "records.db", forged).await, 1);
    let Err(StoreError::Held { id: named, .. }) = world.store.take_held().await else {
        panic!("it is given out as too old");
    };
    assert_eq!(named, id);
    let held = world.store.held_one(id).await.unwrap().unwrap();
    assert_eq!(held.due, held.mail.expires, "it waits on");
    world.clock.advance(LIFE - 1);
    assert!(world.store.take_held().await.unwrap().is_none());
    // The control: what is too old, and what was decided about, is given out.
    world.clock.advance(1);
    assert_eq!(world.store.take_held().await.unwrap().unwrap().id, id);
    let young = hold(&world).await;
    let decided = world.store.decide(young, HeldVerdict::Drop, None, "eve");
    assert_eq!(decided.await.unwrap(), Decided::Now);
    assert_eq!(world.store.take_held().await.unwrap().unwrap().id, young);
}

#[tokio::test]
async fn what_does_not_open_is_named_and_left_alone_for_an_hour() {
    let world = World::new().await;
    let id = hold(&world).await;
    let broken = "update held set head = x'00', due = 0";
    assert_eq!(behind(&world, "records.db", broken).await, 1);
    let told = async || match world.store.take_held().await {
        Err(error @ StoreError::Held { .. }) => error.to_string().contains(&id.to_string()),
        Ok(None) => false,
        other => panic!("{other:?}"),
    };
    assert!(told().await && !told().await);
    world.clock.advance(HELD_BROKEN_SECONDS - 1);
    assert!(!told().await);
    world.clock.advance(1);
    assert!(told().await);
}

#[tokio::test]
async fn parts_of_one_message_do_not_stand_in_for_each_other() {
    let world = World::new().await;
    let id = hold(&world).await;
    let held = world.store.held_one(id).await.unwrap().unwrap();
    assert!(world.store.held_message(&held).await.is_ok());
    for change in [
        "update held_parts set number = 1 - number + 10",
        "update held_parts set number = number - 10",
        "delete from held_parts where number = 1",
    ] {
        assert!(behind(&world, "records.db", change).await > 0, "{change}");
        let read = world.store.held_message(&held).await;
        assert!(read.is_err(), "{change}");
    }
}
