//! Mail that waits for approval: kept, listed, decided about once, handed out when it is due, and
//! gone with all that its end says, or not at all.

use mail::Timestamp;
use store::held::{HELD_LEASE_SECONDS, HELD_PART_BYTES, HELD_REASON_CHARS_MAX};
use store::passing::SERVED_SECONDS;
use store::{
    AuditEvent, AuditFilter, Decided, Held, HeldArrival, HeldCopy, HeldCount, HeldId, HeldMail,
    HeldNews, HeldRoom, HeldVerdict, NewHeld, OutboxItem, ServedKey, ServedState, Store,
    StoreError,
};

use crate::common::World;

pub const LIFE: i64 = 1_000;

const ROOM: HeldRoom = HeldRoom {
    messages_max: 100,
    bytes_max: 100 << 20,
    sender_percent: 100,
};

pub fn arrived() -> ServedKey {
    ServedKey {
        sender: "ann@corp.example".to_owned(),
        digest: [4; 32],
    }
}

/// The memory of delivering what is released.
pub fn released(id: HeldId) -> ServedKey {
    ServedKey {
        sender: format!("held {id}"),
        digest: [0; 32],
    }
}

pub fn mail(size: usize, now: Timestamp) -> HeldMail {
    HeldMail {
        message: "0abcdefghjk".to_owned(),
        sender: "ann@corp.example".to_owned(),
        copies: vec![HeldCopy {
            recipient: "bob@partner.example".to_owned(),
            reason: "two pairs of eyes".to_owned(),
            rules: vec!["four eyes".to_owned()],
            added: false,
            instead_of: Vec::new(),
        }],
        recipients: vec![
            "bob@partner.example".to_owned(),
            "eve@corp.example".to_owned(),
        ],
        came: HeldArrival {
            source: "inside".to_owned(),
            client: Some("192.0.2.7".to_owned()),
            ..HeldArrival::default()
        },
        arrived: now,
        since: now,
        expires: now.plus_seconds(LIFE),
        size: size as u64,
        subject: None,
    }
}

async fn hold_in(
    store: &Store,
    message: &[u8],
    now: Timestamp,
    room: HeldRoom,
) -> Result<HeldId, StoreError> {
    let new = NewHeld {
        mail: mail(message.len(), now),
        message,
        served: (arrived(), vec!["bob@partner.example".to_owned()]),
        notice: None,
        room,
        news: HeldNews::ToTell,
    };
    store.hold(new).await
}

pub async fn hold(world: &World, message: &[u8]) -> HeldId {
    let held = hold_in(&world.store, message, world.now(), ROOM);
    held.await.unwrap()
}

pub async fn one(world: &World, id: HeldId) -> Held {
    world.store.held_one(id).await.unwrap().unwrap()
}

pub fn report() -> OutboxItem {
    OutboxItem {
        sender: String::new(),
        recipients: vec!["ann@corp.example".to_owned()],
        message: b"Subject: it was not approved\r\n\r\n".to_vec(),
    }
}

pub async fn events(world: &World, kind: &str) -> Vec<AuditEvent> {
    let filter = AuditFilter {
        kind: Some(kind.to_owned()),
        ..AuditFilter::default()
    };
    let rows = world.store.audit_events(&filter).await.unwrap();
    rows.into_iter().map(|row| row.event).collect()
}

#[tokio::test]
async fn what_is_held_comes_back_whole() {
    let mut world = World::new().await;
    for size in [
        0,
        1,
        HELD_PART_BYTES,
        HELD_PART_BYTES + 1,
        3 * HELD_PART_BYTES + 7,
    ] {
        let message: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
        let id = hold(&world, &message).await;
        world.reopen(seal::ServerKey::from_bytes(&[9; 32])).await;
        let held = one(&world, id).await;
        assert_eq!(held.mail, mail(size, world.now()));
        assert_eq!((held.decision.as_ref(), held.attempts), (None, 0));
        assert_eq!(*world.store.held_message(&held).await.unwrap(), message);
    }
    let count = world.store.held_count().await.unwrap();
    let bytes = (1 + 2 * HELD_PART_BYTES + 1 + 3 * HELD_PART_BYTES + 7) as u64;
    let oldest = Some(world.now());
    let all = HeldCount {
        messages: 5,
        bytes,
        oldest,
    };
    assert_eq!(count, all);
    assert!(
        world
            .store
            .held_one(HeldId::from_bytes([1; 16]))
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_retry_knows_whose_copy_waits_and_the_notice_is_in_the_outbox() {
    let world = World::new().await;
    let served = async || world.store.served(&arrived()).await.unwrap();
    assert_eq!(served().await, []);
    let new = NewHeld {
        mail: mail(1, world.now()),
        message: b"x",
        served: (arrived(), vec!["bob@partner.example".to_owned()]),
        notice: Some(world.store.close_item(&report()).unwrap()),
        room: ROOM,
        news: HeldNews::Nothing,
    };
    world.store.hold(new).await.unwrap();
    let served = served().await;
    assert_eq!(served.len(), 1);
    assert_eq!(served[0].recipient, "bob@partner.example");
    assert_eq!(served[0].state, ServedState::Served);
    assert_eq!(world.store.due(9).await.unwrap()[0].item, report());
}

#[tokio::test]
async fn no_more_is_held_than_may_wait() {
    let world = World::new().await;
    let two = HeldRoom {
        messages_max: 2,
        bytes_max: 10,
        sender_percent: 100,
    };
    let try_hold = async |message: &[u8]| {
        let held = hold_in(&world.store, message, world.now(), two).await;
        held.map_err(|error| (error.is_transient(), error.to_string()))
    };
    let full = Err((true, StoreError::HeldFull.to_string()));
    assert_eq!(
        try_hold(&[0; 11]).await,
        full,
        "more bytes than may wait at all"
    );
    let first = try_hold(&[0; 6]).await.unwrap();
    assert_eq!(
        try_hold(&[0; 5]).await,
        full,
        "too many bytes with the first"
    );
    try_hold(&[0; 4]).await.unwrap();
    assert_eq!(try_hold(&[]).await, full, "a third");
    assert_eq!(world.store.served(&arrived()).await.unwrap().len(), 1);
    let held = one(&world, first).await;
    let gone = world.store.finish_held(&held, &[], vec![], released(first));
    assert!(gone.await.unwrap());
    try_hold(&[0; 6]).await.unwrap();
}

#[tokio::test]
async fn a_list_is_in_the_order_of_time_and_has_pages() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(hold(&world, b"x").await);
        world.clock.advance(1);
    }
    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let page = world.store.held(after, 2).await.unwrap();
        let Some((created, id, _)) = page.last() else {
            break;
        };
        after = Some((*created, *id));
        listed.extend(page.iter().map(|(_, id, held)| (*id, held.is_ok())));
    }
    let all: Vec<_> = ids.iter().map(|id| (*id, true)).collect();
    assert_eq!(listed, all);
}

#[tokio::test]
async fn the_first_who_decides_is_heard() {
    let world = World::new().await;
    let id = hold(&world, b"x").await;
    let decide = async |verdict, reason: Option<&str>, by: &str| {
        world.store.decide(id, verdict, reason, by).await.unwrap()
    };
    assert!(
        world.store.take_held().await.unwrap().is_none(),
        "nothing is due"
    );
    world.clock.advance(5);
    let long = "ä".repeat(HELD_REASON_CHARS_MAX + 1);
    let first = decide(HeldVerdict::Reject, Some(&long), "operator eve").await;
    assert_eq!(first, Decided::Now);
    let Decided::Before(decision) = decide(HeldVerdict::Release, None, "operator zoe").await else {
        panic!("decided twice");
    };
    assert_eq!(
        (decision.verdict, decision.by.as_str()),
        (HeldVerdict::Reject, "operator eve")
    );
    assert_eq!(
        decision.reason.unwrap().chars().count(),
        HELD_REASON_CHARS_MAX
    );
    assert_eq!(decision.at, world.now());
    let told = events(&world, "held rejected").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].actor.as_deref(), Some("operator eve"));
    assert_eq!(told[0].detail["held"], id.to_string());
    assert!(events(&world, "held released").await.is_empty());
    let unknown = HeldId::from_bytes([1; 16]);
    let nothing = world.store.decide(unknown, HeldVerdict::Release, None, "x");
    assert_eq!(nothing.await.unwrap(), Decided::Unknown);
    let taken = world.store.take_held().await.unwrap().unwrap();
    assert_eq!(taken.id, id, "what is decided is due");
}

#[tokio::test]
async fn each_decision_is_read_as_it_was_made_and_audited_by_its_own_word() {
    let mut world = World::new().await;
    let all = [
        (HeldVerdict::Release, "held released"),
        (HeldVerdict::Reject, "held rejected"),
        (HeldVerdict::Drop, "held dropped"),
    ];
    for (verdict, kind) in all {
        let id = hold(&world, b"x").await;
        let decided = world.store.decide(id, verdict, Some("why"), "eve");
        assert_eq!(decided.await.unwrap(), Decided::Now);
        world.reopen(seal::ServerKey::from_bytes(&[9; 32])).await;
        let decision = one(&world, id).await.decision.unwrap();
        assert_eq!(decision.verdict, verdict);
        let told = events(&world, kind).await;
        assert_eq!(told.len(), 1, "{kind}");
        assert_eq!(told[0].detail["held"], id.to_string());
    }
}

#[tokio::test]
async fn what_is_too_old_is_due_and_cannot_be_approved() {
    let world = World::new().await;
    let id = hold(&world, b"x").await;
    world.clock.advance(LIFE - 1);
    assert!(world.store.take_held().await.unwrap().is_none());
    world.clock.advance(1);
    let late = world
        .store
        .decide(id, HeldVerdict::Release, None, "operator eve");
    assert_eq!(late.await.unwrap(), Decided::Expired(world.now()));
    let taken = world.store.take_held().await.unwrap().unwrap();
    assert_eq!((taken.id, taken.decision), (id, None));
}

#[tokio::test]
async fn what_was_taken_comes_again_when_its_taker_died() {
    let world = World::new().await;
    let id = hold(&world, b"x").await;
    let decided = world.store.decide(id, HeldVerdict::Release, None, "eve");
    assert_eq!(decided.await.unwrap(), Decided::Now);
    let taken = world.store.take_held().await.unwrap().unwrap();
    let nobody = async || world.store.take_held().await.unwrap().is_none();
    assert!(nobody().await, "it is taken");
    world.clock.advance(HELD_LEASE_SECONDS - 1);
    world.store.keep_held(&taken).await.unwrap();
    world.clock.advance(HELD_LEASE_SECONDS - 1);
    assert!(nobody().await, "its taker said that it is at it");
    world.clock.advance(1);
    let again = world.store.take_held().await.unwrap().unwrap();
    let later = world.now().plus_seconds(600);
    world.store.postpone_held(&again, later, 1).await.unwrap();
    world.clock.advance(599);
    assert!(nobody().await);
    world.clock.advance(1);
    assert_eq!(world.store.take_held().await.unwrap().unwrap().attempts, 1);
}

#[tokio::test]
async fn whom_a_release_served_is_remembered_until_its_end() {
    let world = World::new().await;
    let id = hold(&world, b"x").await;
    let bob = ["bob@partner.example".to_owned()];
    for key in [released(id), arrived()] {
        let remember = world.store.remember_served(&key, &bob, ServedState::Served);
        remember.await.unwrap();
    }
    let swept = async || {
        world.clock.advance(2 * SERVED_SECONDS);
        world.store.purge(world.now()).await.unwrap();
        world.store.served(&released(id)).await.unwrap().is_empty()
    };
    assert!(!swept().await, "the release is still under way");
    let ordinary = world.store.served(&arrived()).await.unwrap();
    assert_eq!(ordinary, [], "the control: all other memories run out");
    // What a taker that lost its lease wrote too late does not stay for ever.
    let held = one(&world, id).await;
    let gone = world.store.finish_held(&held, &[], vec![], released(id));
    assert!(gone.await.unwrap());
    let memory = released(id);
    let late = world
        .store
        .remember_served(&memory, &bob, ServedState::Served);
    late.await.unwrap();
    assert!(swept().await);
}

#[tokio::test]
async fn the_end_of_one_is_in_one_piece_and_not_against_a_decision() {
    let world = World::new().await;
    let id = hold(&world, &[7; 10]).await;
    let bob = ["bob@partner.example".to_owned()];
    let memory = released(id);
    let remember = world
        .store
        .remember_served(&memory, &bob, ServedState::Served);
    remember.await.unwrap();
    world.clock.advance(LIFE);
    let expired = world.store.take_held().await.unwrap().unwrap();
    world.clock.advance(-1);
    let decided = world.store.decide(id, HeldVerdict::Release, None, "eve");
    assert_eq!(decided.await.unwrap(), Decided::Now);
    let report = [report()];
    let finish = async |held: &Held| {
        let events = vec![Store::expired_event(held)];
        let gone = world.store.finish_held(held, &report, events, released(id));
        gone.await.unwrap()
    };
    assert!(!finish(&expired).await, "it was decided meanwhile");
    assert_eq!(world.store.outbox_count().await.unwrap(), 0);
    assert!(events(&world, "held expired").await.is_empty());
    let decided = one(&world, id).await;
    assert_eq!(world.store.held_message(&decided).await.unwrap().len(), 10);
    assert!(finish(&decided).await);
    assert!(!finish(&decided).await, "it is gone");
    assert_eq!(world.store.outbox_count().await.unwrap(), 1);
    assert_eq!(events(&world, "held expired").await.len(), 1);
    assert_eq!(world.store.served(&released(id)).await.unwrap(), []);
    assert_eq!(
        world.store.held_count().await.unwrap(),
        HeldCount::default()
    );
    assert!(world.store.held_message(&decided).await.is_err());
    world.store.check_audit().await.unwrap();
}
