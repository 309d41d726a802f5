//! Those who approve: a decision taken back, one sender's share of the place, what they are told of
//! and what goes back soon.

use store::held::HELD_LEASE_SECONDS;
use store::{
    Decided, HeldCount, HeldId, HeldNews, HeldRoom, HeldVerdict, NewHeld, Store, StoreError, Undone,
};

use crate::common::World;
use crate::holding::{LIFE, arrived, events, hold, mail, one, released, report};

const EVE: &str = "operator eve";
const ZOE: &str = "operator zoe";

#[tokio::test]
async fn a_decision_is_taken_back_and_another_one_made() {
    let world = World::new().await;
    let id = hold(&world, b"x").await;
    let undo = async || world.store.undecide(id, ZOE).await.unwrap();
    assert_eq!(undo().await, Undone::Undecided);
    let decided = world.store.decide(id, HeldVerdict::Release, None, EVE);
    assert_eq!(decided.await.unwrap(), Decided::Now);
    world.clock.advance(60);
    let Undone::Now(decision) = undo().await else {
        panic!("it stands");
    };
    assert_eq!(
        (decision.verdict, &*decision.by),
        (HeldVerdict::Release, EVE)
    );
    let held = one(&world, id).await;
    assert_eq!((held.decision, held.due), (None, held.mail.expires));
    assert!(
        world.store.take_held().await.unwrap().is_none(),
        "it is carried out"
    );
    let told = events(&world, "held undone").await;
    let [event] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(event.actor.as_deref(), Some(ZOE));
    assert_eq!(event.detail["decision"], "released");
    assert_eq!(event.detail["decided_by"], EVE);
    assert_eq!(event.detail["held"], id.to_string());
    let again = world.store.decide(id, HeldVerdict::Reject, None, ZOE);
    assert_eq!(again.await.unwrap(), Decided::Now);
    let unknown = world.store.undecide(HeldId::from_bytes([1; 16]), ZOE);
    assert_eq!(unknown.await.unwrap(), Undone::Unknown);
    world.store.check_audit().await.unwrap();
}

#[tokio::test]
async fn what_is_being_carried_out_is_not_taken_back() {
    let world = World::new().await;
    let id = hold(&world, b"x").await;
    let undo = async || world.store.undecide(id, ZOE).await.unwrap();
    let decided = world.store.decide(id, HeldVerdict::Release, None, EVE);
    assert_eq!(decided.await.unwrap(), Decided::Now);
    let taken = world.store.take_held().await.unwrap().unwrap();
    assert!(matches!(undo().await, Undone::UnderWay(_)));
    world.clock.advance(HELD_LEASE_SECONDS - 1);
    world.store.keep_held(&taken).await.unwrap();
    world.clock.advance(HELD_LEASE_SECONDS - 1);
    assert!(
        matches!(undo().await, Undone::UnderWay(_)),
        "its taker is at it"
    );
    assert!(events(&world, "held undone").await.is_empty());
    // The control: between two tries nobody is at it.
    let later = world.now().plus_seconds(600);
    world.store.postpone_held(&taken, later, 1).await.unwrap();
    assert!(matches!(undo().await, Undone::Now(_)));
    // A taker that was cut off from the store and comes back changes nothing.
    world.store.keep_held(&taken).await.unwrap();
    let mails = [report()];
    let late = world
        .store
        .finish_held(&taken, &mails, vec![], released(id));
    assert!(!late.await.unwrap());
    assert_eq!(world.store.outbox_count().await.unwrap(), 0);
    let held = one(&world, id).await;
    assert_eq!((held.decision, held.due), (None, held.mail.expires));
}

async fn hold_of(store: &Store, sender: &str, size: usize, room: HeldRoom) -> Result<HeldId, bool> {
    let message = vec![0; size];
    let mut mail = mail(size, store_now());
    mail.sender = sender.to_owned();
    let new = NewHeld {
        mail,
        message: &message,
        served: (arrived(), Vec::new()),
        notice: None,
        room,
        news: HeldNews::Nothing,
    };
    store.hold(new).await.map_err(|error| match error {
        StoreError::HeldShareFull => true,
        StoreError::HeldFull => false,
        other => panic!("{other}"),
    })
}

fn store_now() -> mail::Timestamp {
    mail::Timestamp::from_unix(crate::common::START)
}

#[tokio::test]
async fn one_sender_takes_a_share_and_no_more() {
    let mut world = World::new().await;
    let room = HeldRoom {
        messages_max: 8,
        bytes_max: 400,
        sender_percent: 25,
    };
    const SHARE: Result<HeldId, bool> = Err(true);
    let hold =
        async |world: &World, sender: &str, size| hold_of(&world.store, sender, size, room).await;
    // Larger than a share, but the first.
    let first = hold(&world, "ann@corp.example", 150).await.unwrap();
    assert_eq!(hold(&world, "ann@corp.example", 1).await, SHARE);
    assert_eq!(
        hold(&world, "Ann@CORP.example", 1).await,
        SHARE,
        "the same mailbox"
    );
    // The control: everybody else has a share of their own, by bytes and by messages.
    assert!(hold(&world, "bob@corp.example", 60).await.is_ok());
    assert_eq!(hold(&world, "bob@corp.example", 41).await, SHARE);
    assert!(hold(&world, "bob@corp.example", 40).await.is_ok());
    assert!(hold(&world, "", 1).await.is_ok() && hold(&world, "", 1).await.is_ok());
    assert_eq!(hold(&world, "", 1).await, SHARE);
    // Another server key does not forget whose they are.
    let key = seal::ServerKey::from_bytes(&[9; 32]).rotated(&mut store::SystemEntropy);
    world.reopen(key).await;
    world.store.rotate().await.unwrap();
    assert_eq!(hold(&world, "bob@corp.example", 0).await, SHARE);
    let held = one(&world, first).await;
    let gone = world.store.finish_held(&held, &[], vec![], released(first));
    assert!(gone.await.unwrap());
    assert!(hold(&world, "ann@corp.example", 100).await.is_ok());
    // And all of them together no more than there is room for.
    assert!(hold(&world, "eve@corp.example", 1).await.is_ok());
    assert!(hold(&world, "zoe@corp.example", 1).await.is_ok());
    assert!(hold(&world, "zoe@corp.example", 1).await.is_ok());
    assert_eq!(hold(&world, "new@corp.example", 1).await, Err(false));
}

async fn news(world: &World, told: HeldNews) -> HeldId {
    let new = NewHeld {
        mail: mail(1, world.now()),
        message: b"x",
        served: (arrived(), Vec::new()),
        notice: None,
        room: HeldRoom {
            messages_max: 100,
            bytes_max: 100,
            sender_percent: 100,
        },
        news: told,
    };
    world.store.hold(new).await.unwrap()
}

#[tokio::test]
async fn approvers_are_told_once_of_each_and_not_too_often() {
    let world = World::new().await;
    let untold = async || -> Vec<HeldId> {
        let rows = world.store.held_untold(9).await.unwrap();
        rows.into_iter().map(|(id, _)| id).collect()
    };
    news(&world, HeldNews::Nothing).await;
    assert_eq!(untold().await, [], "nobody is to hear of that one");
    let first = news(&world, HeldNews::ToTell).await;
    world.clock.advance(1);
    let second = news(&world, HeldNews::ToTell).await;
    assert_eq!(untold().await, [first, second]);
    assert_eq!(world.store.approvers_told().await.unwrap(), None);
    let tell = async |ids: Vec<HeldId>, not_since| {
        let mails = [report()];
        let told = world.store.tell_approvers(ids, &mails, not_since);
        told.await.unwrap()
    };
    let pause = |world: &World| world.now().plus_seconds(-600);
    assert!(tell(vec![first], pause(&world)).await);
    assert_eq!(
        world.store.approvers_told().await.unwrap(),
        Some(world.now())
    );
    assert_eq!(untold().await, [second]);
    world.clock.advance(599);
    assert!(!tell(vec![second], pause(&world)).await, "too soon");
    assert_eq!(world.store.outbox_count().await.unwrap(), 1);
    assert_eq!(untold().await, [second]);
    world.clock.advance(1);
    assert!(tell(vec![second], pause(&world)).await);
    assert_eq!(
        (untold().await, world.store.outbox_count().await.unwrap()),
        (vec![], 2)
    );
    // A clock that was set back by a year does not silence them for one.
    world.clock.advance(-365 * 86_400);
    assert!(tell(vec![], pause(&world)).await);
    // What somebody decided about before is no news.
    let third = news(&world, HeldNews::ToTell).await;
    let decided = world.store.decide(third, HeldVerdict::Release, None, EVE);
    assert_eq!(decided.await.unwrap(), Decided::Now);
    assert_eq!(untold().await, []);
}

#[tokio::test]
async fn what_goes_back_soon_is_counted_and_the_first_named() {
    let world = World::new().await;
    let first = hold(&world, b"x").await;
    world.clock.advance(10);
    hold(&world, b"x").await;
    let released = hold(&world, b"x").await;
    let decided = world
        .store
        .decide(released, HeldVerdict::Release, None, EVE);
    assert_eq!(decided.await.unwrap(), Decided::Now);
    let expires = one(&world, first).await.mail.expires;
    let from = world.now();
    let within = async |after, until| world.store.held_expiring(after, until).await.unwrap();
    let soon = within(from, from.plus_seconds(LIFE)).await.unwrap();
    assert_eq!(
        (soon.messages, soon.first, soon.expires),
        (2, first, expires)
    );
    assert_eq!(within(from, expires).await.unwrap().messages, 1);
    assert_eq!(
        within(expires, from.plus_seconds(LIFE))
            .await
            .unwrap()
            .messages,
        1
    );
    // The controls: not yet, and no more.
    assert_eq!(within(from, expires.plus_seconds(-1)).await, None);
    assert_eq!(
        within(from.plus_seconds(LIFE), from.plus_seconds(2 * LIFE)).await,
        None
    );
    let HeldCount { oldest, .. } = world.store.held_count().await.unwrap();
    assert_eq!(oldest, Some(expires.plus_seconds(-LIFE)));
}
