//! Partial delivery, the outbox, threads, nonces, and what is swept out of them.

use mail::Rights;
use store::passing::{
    OUTBOX_ITEM_BYTES_MAX, OUTBOX_LEASE_SECONDS, SERVED_SECONDS, THREAD_LABEL_SECONDS,
    THREAD_LABELS_MAX, THREAD_SECONDS,
};
use store::{OutboxItem, Served, ServedKey, ServedState, StoreError};

use crate::common::{World, sample};

fn key(sender: &str) -> ServedKey {
    ServedKey {
        sender: sender.to_owned(),
        digest: [3; 32],
    }
}

#[tokio::test]
async fn partial_delivery_is_remembered_and_forgotten() {
    let world = World::new().await;
    let store = &world.store;
    let (bob, eve) = (
        "bob@partner.example".to_owned(),
        "eve@partner.example".to_owned(),
    );
    let both = [bob.clone(), eve.clone()];
    let remember = async |recipients: &[String], state| {
        let key = key("ann");
        let remembered = store.remember_served(&key, recipients, state);
        remembered.await.unwrap()
    };
    assert!(remember(&both, ServedState::Begun).await, "the first of it");
    assert!(!remember(&both[..1], ServedState::Served).await);
    assert!(!remember(&both, ServedState::Begun).await);
    let bob = Served {
        recipient: bob,
        state: ServedState::Served,
    };
    let eve = Served {
        recipient: eve,
        state: ServedState::Begun,
    };
    assert_eq!(
        store.served(&key("ann")).await.unwrap(),
        [bob, eve],
        "served stays served"
    );
    assert_eq!(store.served(&key("zoe")).await.unwrap(), []);
    assert_eq!(store.served_count().await.unwrap(), 1);
    let forget = async |recipients: &[String]| {
        let was_last = store.forget_served(&key("ann"), recipients).await.unwrap();
        (was_last, store.served(&key("ann")).await.unwrap().len())
    };
    assert_eq!(
        forget(&both[1..]).await,
        (false, 1),
        "others of the message stay"
    );
    assert_eq!(forget(&both).await, (true, 0));
    assert_eq!(forget(&both).await, (false, 0), "there was none");
    assert_eq!(store.served_count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_memory_of_delivery_lasts_five_days() {
    let world = World::new().await;
    let bob = ["bob@partner.example".to_owned()];
    world
        .store
        .remember_served(&key("ann"), &bob, ServedState::Served)
        .await
        .unwrap();
    world.clock.advance(SERVED_SECONDS - 1);
    world.store.purge(world.now()).await.unwrap();
    assert_eq!(world.store.served(&key("ann")).await.unwrap().len(), 1);
    world.clock.advance(1);
    world.store.purge(world.now()).await.unwrap();
    assert_eq!(world.store.served(&key("ann")).await.unwrap().len(), 0);
}

#[tokio::test]
async fn every_message_that_is_remembered_counts() {
    let world = World::new().await;
    let store = &world.store;
    let both = ["bob@partner.example", "eve@partner.example"].map(str::to_owned);
    // Two senders of one message, and three that were held and released.
    let all = ["ann", "zoe", "held 1", "held 2", "held 3"].map(key);
    for (key, counted) in all.iter().zip(1..) {
        let remember = store.remember_served(key, &both, ServedState::Served);
        remember.await.unwrap();
        assert_eq!(store.served_count().await.unwrap(), counted);
    }
    for (key, counted) in all.iter().zip((0..5).rev()) {
        store.forget_served(key, &both).await.unwrap();
        assert_eq!(store.served_count().await.unwrap(), counted);
    }
}

fn item() -> OutboxItem {
    OutboxItem {
        sender: String::new(),
        recipients: vec!["ann@corp.example".to_owned()],
        message: b"Subject: canary in the outbox\r\n\r\n".to_vec(),
    }
}

#[tokio::test]
async fn the_outbox_hands_out_what_is_due_until_it_is_finished() {
    let world = World::new().await;
    let id = world.store.enqueue(&item()).await.unwrap();
    let due = world.store.due(10).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!((due[0].id, due[0].attempts, &due[0].item), (id, 0, &item()));
    assert!(world.store.due(10).await.unwrap().is_empty(), "it is taken");
    world.clock.advance(OUTBOX_LEASE_SECONDS);
    assert_eq!(
        world.store.due(10).await.unwrap().len(),
        1,
        "its taker died"
    );
    let later = world.now().plus_seconds(3_600);
    world.store.postpone(id, later, 1).await.unwrap();
    world.clock.advance(3_599);
    assert!(world.store.due(10).await.unwrap().is_empty());
    world.clock.advance(1);
    assert_eq!(world.store.due(10).await.unwrap()[0].attempts, 1);
    world.store.finish(&[id]).await.unwrap();
    world.clock.advance(OUTBOX_LEASE_SECONDS);
    assert!(world.store.due(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn mail_that_goes_in_with_a_letter_is_leased_to_who_put_it() {
    let world = World::new().await;
    let (letter, sample) = sample(10, &["bob@partner.example"], world.now());
    let mail = world.store.close_item(&item()).unwrap();
    let id = mail.id;
    let lease_ends = world.now().plus_seconds(600);
    let put = world.store.put_with(letter, Some((mail, lease_ends)));
    put.await.unwrap();
    assert_eq!(world.read(&sample, 0).await, Some(sample.plain.clone()));
    assert_eq!(world.store.outbox_count().await.unwrap(), 1);
    world.clock.advance(599);
    assert!(world.store.due(10).await.unwrap().is_empty(), "not yet");
    world.clock.advance(1);
    let due = world.store.due(10).await.unwrap();
    assert_eq!((due.len(), due[0].id, &due[0].item), (1, id, &item()));
    world.store.finish(&[id]).await.unwrap();
    assert_eq!(world.store.outbox_count().await.unwrap(), 0);
}

#[tokio::test]
async fn the_outbox_gives_no_more_than_asked_and_takes_no_giant() {
    let world = World::new().await;
    for _ in 0..5 {
        world.store.enqueue(&item()).await.unwrap();
    }
    assert_eq!(world.store.due(2).await.unwrap().len(), 2);
    assert_eq!(world.store.due(9).await.unwrap().len(), 3);
    assert_eq!(world.store.outbox_count().await.unwrap(), 5, "due or not");
    let giant = OutboxItem {
        message: vec![b'x'; OUTBOX_ITEM_BYTES_MAX],
        ..item()
    };
    assert!(matches!(
        world.store.enqueue(&giant).await,
        Err(StoreError::Limit { .. })
    ));
}

#[tokio::test]
async fn the_first_to_name_a_thread_is_heard_and_nobody_widens_it() {
    let world = World::new().await;
    let people = [
        "Ann@corp.example".to_owned(),
        "bob@partner.example".to_owned(),
    ];
    let more = [
        people[0].clone(),
        people[1].clone(),
        "spy@rival.example".to_owned(),
    ];
    let remember = async |people: &[String]| {
        let rights = Rights::DO_NOT_FORWARD;
        world
            .store
            .remember_thread("<a@corp.example>", people, rights)
            .await
            .unwrap()
    };
    assert!(remember(&people).await);
    assert!(!remember(&more).await);
    let thread = world.store.thread("a@corp.example").await.unwrap().unwrap();
    assert_eq!(
        thread.participants,
        ["ann@corp.example", "bob@partner.example"]
    );
    assert_eq!(thread.rights, Rights::DO_NOT_FORWARD);
    assert!(
        world
            .store
            .thread("<b@corp.example>")
            .await
            .unwrap()
            .is_none()
    );
    world.clock.advance(THREAD_SECONDS);
    assert!(
        world
            .store
            .thread("<a@corp.example>")
            .await
            .unwrap()
            .is_none()
    );
    assert!(remember(&more).await, "after a year the name is free");
}

#[tokio::test]
async fn the_nearest_label_of_a_thread_is_remembered_for_a_year() {
    let world = World::new().await;
    let label = |digit: char| {
        let text = "0000000?-0000-4000-8000-000000000000".replace('?', &digit.to_string());
        mail::LabelId::parse(&text).unwrap()
    };
    let remember = async |id: &str, label: Option<mail::LabelId>| {
        world.store.remember_label(id, label).await.unwrap()
    };
    let asked = async |ids: &[&str]| {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let found = world.store.thread_label(&ids).await.unwrap();
        found.map(|found| found.label)
    };
    assert!(remember("<a@corp.example>", Some(label('a'))).await);
    assert!(remember("<b@corp.example>", Some(label('b'))).await);
    assert!(remember("<c@corp.example>", None).await);
    assert!(!remember("<a@corp.example>", Some(label('c'))).await);
    assert_eq!(asked(&["a@corp.example"]).await, Some(Some(label('a'))));
    let (a, b, c, x) = (
        "<a@corp.example>",
        "<b@corp.example>",
        "<c@corp.example>",
        "<x@y>",
    );
    assert_eq!(asked(&[x, b, a]).await, Some(Some(label('b'))));
    assert_eq!(asked(&[a, b]).await, Some(Some(label('a'))));
    assert_eq!(asked(&[c, a]).await, Some(None), "it was taken off");
    assert_eq!(asked(&[x]).await, None);
    assert_eq!(asked(&[]).await, None);
    let mut far = vec![x; THREAD_LABELS_MAX];
    far[THREAD_LABELS_MAX - 1] = a;
    assert_eq!(asked(&far).await, Some(Some(label('a'))));
    far.insert(0, x);
    assert_eq!(asked(&far).await, None, "further back than is asked about");
    world.clock.advance(THREAD_LABEL_SECONDS);
    assert_eq!(asked(&[a]).await, None);
    assert!(
        remember(a, Some(label('c'))).await,
        "after a year the name is free"
    );
    world.store.purge(world.now()).await.unwrap();
    assert_eq!(asked(&[a, b]).await, Some(Some(label('c'))));
}

#[tokio::test]
async fn a_nonce_is_spent_once() {
    let world = std::sync::Arc::new(World::new().await);
    let until = world.now().plus_seconds(300);
    assert!(!world.store.is_nonce_spent([5; 16]).await.unwrap());
    let mut tasks = Vec::new();
    for _ in 0..10 {
        let world = world.clone();
        tasks.push(tokio::spawn(async move {
            world.store.spend_nonce([5; 16], until).await
        }));
    }
    let mut first = 0;
    for task in tasks {
        first += u32::from(task.await.unwrap().unwrap());
    }
    assert_eq!(first, 1);
    assert!(world.store.is_nonce_spent([5; 16]).await.unwrap());
    assert!(!world.store.is_nonce_spent([6; 16]).await.unwrap());
    assert!(
        world.store.spend_nonce([6; 16], until).await.unwrap(),
        "another one"
    );
    world.store.purge(world.now()).await.unwrap();
    assert!(
        !world.store.spend_nonce([5; 16], until).await.unwrap(),
        "not yet swept out"
    );
}

#[tokio::test]
async fn health_and_orderly_closing() {
    let mut world = World::new().await;
    world.store.health().await.unwrap();
    let letter = world.put(10, &["bob@partner.example"]).await;
    let key = seal::ServerKey::from_bytes(&[9; 32]);
    world.reopen(key).await;
    assert_eq!(world.read(&letter, 0).await, Some(letter.plain.clone()));
    world.store.health().await.unwrap();
}
