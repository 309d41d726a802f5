//! STARTTLS on a listener: what came in clear never counts inside (V3), and client certificates.

use super::certificates::{Certificates, Shown};
use super::client::{Client, MESSAGE};
use super::gates::{Conduct, Front, Keeper};

async fn front(certificates: &Certificates, keeper: std::sync::Arc<Keeper>) -> Front {
    let leaf = certificates.leaf();
    Front::start(keeper, |config| config.listen[0].certificate = Some(leaf)).await
}

#[tokio::test]
async fn a_message_can_come_in_tls() {
    let (certificates, keeper) = (Certificates::new(), Keeper::new(Conduct::Accept));
    let front = front(&certificates, keeper.clone()).await;
    let client = Client::greeted(front.inside()).await;
    let mut client = client
        .encrypt(certificates.client(Shown::Nothing))
        .await
        .unwrap();
    assert_eq!(
        client.say("MAIL FROM:<>\r\n").await.code,
        503,
        "EHLO in clear is forgotten"
    );
    let offers = client.say("EHLO client.example\r\n").await;
    assert!(!offers.text.contains("STARTTLS"), "{offers}");
    assert!(
        client
            .transact("bob@partner.example", MESSAGE)
            .await
            .is_positive()
    );
    let arrived = keeper.arrived.lock().unwrap();
    assert!(arrived[0].tls && arrived[0].protocol == "ESMTPS");
}

#[tokio::test]
async fn what_follows_starttls_in_clear_is_never_answered_inside() {
    let (certificates, keeper) = (Certificates::new(), Keeper::new(Conduct::Accept));
    let front = front(&certificates, keeper.clone()).await;
    let injected = "RSET\r\nMAIL FROM:<evil@x.example>\r\nRCPT TO:<b@corp.example>\r\n";

    let mut joined = Client::greeted(front.inside()).await;
    let reply = joined.say(&format!("STARTTLS\r\n{injected}")).await;
    assert_eq!(reply.code, 554);
    assert!(joined.try_reply().await.is_none());

    // Split after the CR, so that the rest comes in a segment of its own.
    let mut split = Client::greeted(front.inside()).await;
    split.send(b"STARTTLS\r").await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let reply = split.say(&format!("\n{injected}")).await;
    assert_eq!(reply.code, 554);

    // Behind the 220: read as part of the handshake, which it is not.
    let mut late = Client::greeted(front.inside()).await;
    assert_eq!(late.say("STARTTLS\r\n").await.code, 220);
    late.send(injected.as_bytes()).await;
    assert!(
        late.handshake(certificates.client(Shown::Nothing))
            .await
            .is_none()
    );
    assert_eq!(keeper.count(), 0);
}

#[tokio::test]
async fn client_certificates_are_asked_for_where_the_listener_wants_them() {
    let certificates = Certificates::new();
    let keeper = Keeper::new(Conduct::Accept);
    let front = Front::start(keeper.clone(), |config| {
        config.listen[0].certificate = Some(certificates.leaf());
        config.listen[0].client_authority = Some(certificates.authority());
    })
    .await;
    let mut clear = Client::greeted(front.inside()).await;
    assert_eq!(clear.say("MAIL FROM:<>\r\n").await.code, 530);

    let shown = Client::greeted(front.inside()).await;
    let mut shown = shown
        .encrypt(certificates.client(Shown::Leaf))
        .await
        .unwrap();
    assert_eq!(shown.say("EHLO client.example\r\n").await.code, 250);
    assert!(
        shown
            .transact("bob@partner.example", MESSAGE)
            .await
            .is_positive()
    );

    // In TLS 1.3 the client hears of its refusal only after its own part of the handshake.
    let none = Client::greeted(front.inside()).await;
    if let Some(mut none) = none.encrypt(certificates.client(Shown::Nothing)).await {
        let _ = none.try_send(b"EHLO client.example\r\n").await;
        assert!(none.try_reply().await.is_none());
    }
    assert_eq!(keeper.count(), 1);
}
