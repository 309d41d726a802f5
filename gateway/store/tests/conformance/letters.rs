//! Keeping letters and giving them back.

use seal::{GrantState, LetterId};
use store::letter::{GRANTS_MAX, INLINE_BYTES, PACKED_BYTES, SUMMARY_BYTES_MAX};
use store::{Filter, StoreError, message_id_hash};

use crate::common::{World, packed, sample};

#[tokio::test]
async fn a_letter_comes_back_whole_wherever_it_stands() {
    let world = World::new().await;
    for size in [
        0,
        1,
        4_096,
        INLINE_BYTES - 200,
        INLINE_BYTES,
        PACKED_BYTES - 200,
        PACKED_BYTES,
        3 * PACKED_BYTES + 7,
    ] {
        let letter = world
            .put(size, &["bob@partner.example", "eve@partner.example"])
            .await;
        assert_eq!(
            world.read(&letter, 0).await.as_ref(),
            Some(&letter.plain),
            "{size}"
        );
        assert_eq!(
            world.read(&letter, 1).await.as_ref(),
            Some(&letter.plain),
            "{size}"
        );
    }
}

#[tokio::test]
async fn short_letters_stand_in_rows_longer_ones_in_packs_and_the_longest_in_files() {
    let world = World::new().await;
    let files = || {
        std::fs::read_dir(world.folder.join("blobs"))
            .unwrap()
            .count()
    };
    world
        .put(INLINE_BYTES - 200, &["bob@partner.example"])
        .await;
    assert_eq!(files(), 0);
    world.put(INLINE_BYTES, &["bob@partner.example"]).await;
    world
        .put(PACKED_BYTES - 200, &["bob@partner.example"])
        .await;
    assert_eq!(files(), 1, "the folder of packs");
    let packs = std::fs::read_dir(world.folder.join("blobs/packs")).unwrap();
    assert_eq!(packs.count(), 1, "one for both");
    world.put(PACKED_BYTES, &["bob@partner.example"]).await;
    assert_eq!(files(), 2);
}

#[tokio::test]
async fn a_part_of_the_sealed_bytes_is_that_part() {
    let world = World::new().await;
    for size in [1_000, 200_000, 400_000] {
        let letter = world.put(size, &["bob@partner.example"]).await;
        let whole = world.store.blob(letter.id).await.unwrap().unwrap();
        for range in [0..70, 70..500, 600..601, 5..5] {
            let part = world
                .store
                .blob_range(letter.id, range.clone())
                .await
                .unwrap()
                .unwrap();
            assert_eq!(
                part,
                whole[range.start as usize..range.end as usize],
                "{range:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_grant_says_what_was_put() {
    let world = World::new().await;
    let (letter, sample) = sample(10, &["Bob@Partner.example"], world.now());
    let put = letter.clone();
    world.store.put(letter).await.unwrap();
    let record = world.store.grant(sample.grant(0)).await.unwrap().unwrap();
    assert_eq!(record.grant, put.grants[0].grant);
    assert_eq!(
        record.state,
        GrantState::Active {
            expires: put.expires
        }
    );
    assert_eq!(record.verifier, put.grants[0].verifier);
    assert_eq!(record.summary.as_ref(), Some(&put.grants[0].summary));
    assert_eq!(record.shred_key.as_ref(), Some(&put.grants[0].shred_key));
    assert_eq!(
        (record.created, record.raw_download, record.opened),
        (put.created, true, None)
    );
    world.clock.advance(5);
    let opened = world.now();
    world.store.remember_opened(sample.grant(0)).await.unwrap();
    world.clock.advance(5);
    world.store.remember_opened(sample.grant(0)).await.unwrap();
    let record = world.store.grant(sample.grant(0)).await.unwrap().unwrap();
    assert_eq!(record.opened, Some(opened), "the first reading counts");
}

#[tokio::test]
async fn what_was_never_put_is_not_there() {
    let world = World::new().await;
    let (_, sample) = sample(10, &["bob@partner.example"], world.now());
    assert!(world.store.grant(sample.grant(0)).await.unwrap().is_none());
    assert!(world.store.blob(sample.id).await.unwrap().is_none());
    assert!(world.store.letter(sample.id).await.unwrap().is_none());
}

#[tokio::test]
async fn a_letter_is_put_once() {
    let world = World::new().await;
    for size in [10, 200_000, 400_000] {
        let (letter, sample) = sample(size, &["bob@partner.example"], world.now());
        world.store.put(letter.clone()).await.unwrap();
        let again = world.store.put(letter).await;
        assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
        assert!(
            world.read(&sample, 0).await.is_some(),
            "the first stays as it was"
        );
    }
}

#[tokio::test]
async fn a_letter_that_does_not_hold_together_is_refused() {
    let world = World::new().await;
    let whole = || sample(100, &["bob@partner.example"], world.now()).0;
    let mut letter = whole();
    letter.sealed.pop();
    assert!(world.store.put(letter).await.is_err(), "cut");
    let mut letter = whole();
    letter.size += 1;
    assert!(world.store.put(letter).await.is_err(), "another size");
    let mut letter = whole();
    letter.id = LetterId::from_bytes([1; 16]);
    assert!(world.store.put(letter).await.is_err(), "another id");
    let mut letter = whole();
    letter.grants[0].grant.commitment[0] ^= 1;
    assert!(world.store.put(letter).await.is_err(), "another key");
    let mut letter = whole();
    letter.grants.clear();
    assert!(world.store.put(letter).await.is_err(), "for nobody");
    assert!(world.store.put(whole()).await.is_ok(), "the control");
}

#[tokio::test]
async fn limits_of_a_letter_are_kept() {
    let world = World::new().await;
    let (letter, _) = sample(10, &["bob@partner.example"], world.now());
    let mut long = letter.clone();
    long.grants[0].summary = vec![0; SUMMARY_BYTES_MAX + 1];
    assert!(matches!(
        world.store.put(long).await,
        Err(StoreError::Limit { .. })
    ));
    let mut long = letter.clone();
    long.grants[0].grant.template = "x".repeat(1_025);
    assert!(matches!(
        world.store.put(long).await,
        Err(StoreError::Limit { .. })
    ));
    let mut many = letter.clone();
    many.grants = vec![letter.grants[0].clone(); GRANTS_MAX + 1];
    assert!(matches!(
        world.store.put(many).await,
        Err(StoreError::Limit { .. })
    ));
}

#[tokio::test]
async fn an_abandoned_letter_leaves_no_trace() {
    let world = World::new().await;
    for size in [10, 200_000, 400_000] {
        let letter = world
            .put(size, &["bob@partner.example", "eve@partner.example"])
            .await;
        world.store.abandon(letter.grant(0)).await.unwrap();
        assert!(world.store.grant(letter.grant(0)).await.unwrap().is_none());
        assert!(
            world.read(&letter, 1).await.is_some(),
            "the other grant stands"
        );
        for _ in 0..2 {
            world.store.abandon(letter.id).await.unwrap();
            assert!(world.store.grant(letter.grant(1)).await.unwrap().is_none());
            assert!(world.store.letter(letter.id).await.unwrap().is_none());
            assert!(world.store.blob(letter.id).await.unwrap().is_none());
            assert_eq!(packed(&world.folder).await, []);
        }
    }
}

#[tokio::test]
async fn the_last_abandoned_grant_takes_its_letter_along() {
    let world = World::new().await;
    let letter = world.put(200_000, &["bob@partner.example"]).await;
    world.store.abandon(letter.grant(0)).await.unwrap();
    assert!(world.store.letter(letter.id).await.unwrap().is_none());
    assert!(world.store.blob(letter.id).await.unwrap().is_none());
}

#[tokio::test]
async fn letters_are_listed_newest_first_and_narrowed() {
    let world = World::new().await;
    let mut letters = Vec::new();
    for number in 0..5 {
        world.clock.advance(1);
        let recipients = ["bob@partner.example", "eve@partner.example"];
        letters.push(world.put(10, &recipients[..1 + number % 2]).await.id);
    }
    letters.reverse();
    let list = async |filter: Filter| -> Vec<LetterId> {
        let listed = world.store.letters(&filter).await.unwrap();
        listed.into_iter().map(|letter| letter.id).collect()
    };
    assert_eq!(list(Filter::default()).await, letters);
    let page = Filter {
        limit: Some(2),
        ..Filter::default()
    };
    assert_eq!(list(page.clone()).await, letters[..2]);
    assert_eq!(
        list(Filter {
            after: Some(letters[1]),
            ..page
        })
        .await,
        letters[2..4]
    );
    let eve = Filter {
        recipient: Some("EVE@partner.example".into()),
        ..Filter::default()
    };
    assert_eq!(list(eve).await, [letters[1], letters[3]]);
    let nobody = Filter {
        sender: Some("nobody@corp.example".into()),
        ..Filter::default()
    };
    assert_eq!(list(nobody).await, []);
    let hash = message_id_hash(&format!("{}@corp.example", letters[2]));
    let message = Filter {
        message_id_hash: Some(hash),
        ..Filter::default()
    };
    assert_eq!(list(message).await, [letters[2]]);
    let summary = world.store.letter(letters[1]).await.unwrap().unwrap();
    assert_eq!(
        (summary.sender.as_str(), summary.size),
        ("ann@corp.example", 10)
    );
    let recipients: Vec<_> = summary
        .grants
        .iter()
        .map(|grant| grant.recipient.clone())
        .collect();
    assert_eq!(recipients.len(), 2);
    assert!(recipients.contains(&"eve@partner.example".to_owned()));
}

#[tokio::test]
async fn many_writers_at_once_all_get_their_letters() {
    let world = std::sync::Arc::new(World::new().await);
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let world = world.clone();
        tasks.push(tokio::spawn(async move {
            for _ in 0..20 {
                let letter = world.put(500, &["bob@partner.example"]).await;
                assert_eq!(world.read(&letter, 0).await, Some(letter.plain));
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(
        world.store.letters(&Filter::default()).await.unwrap().len(),
        160
    );
}
