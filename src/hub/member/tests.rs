#![allow(clippy::unwrap_used)]

use inkroom_board::wire::{Present, ServerMessage};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::*;
use crate::hub::lanes::{CONTROL_MESSAGES, DURABLE_MESSAGES};
use crate::hub::line::tests::line;

fn post(mailbox: &Mailbox, message: &ServerMessage) {
    mailbox.post(&Letter::new(message, 1));
    mailbox.wake();
}

fn encoded(message: &ServerMessage) -> Bytes {
    line::frame(Format::Binary, &Format::Binary.encode(message))
}

async fn mailbox() -> (Arc<Mailbox>, TcpStream) {
    let (line, far) = line().await;
    (Mailbox::new(Format::Binary, line), far)
}

#[tokio::test]
async fn a_writer_that_waits_is_woken_by_a_message_and_gets_all_that_gathered() {
    let (mailbox, _far) = mailbox().await;
    let waiting = tokio::spawn({
        let mailbox = Arc::clone(&mailbox);
        async move { mailbox.next().await }
    });
    tokio::task::yield_now().await;
    post(&mailbox, &ServerMessage::Pong(1));
    post(&mailbox, &ServerMessage::Pong(2));
    let both = vec![
        encoded(&ServerMessage::Pong(1)),
        encoded(&ServerMessage::Pong(2)),
    ];
    assert_eq!(waiting.await.unwrap(), Next::Write(both));
}

#[tokio::test]
async fn what_waits_is_written_before_an_orderly_end_and_not_before_a_sudden_one() {
    let (mailbox, _far) = mailbox().await;
    post(&mailbox, &ServerMessage::Here(1));
    mailbox.finish(CloseCode::Restart);
    assert_eq!(
        mailbox.next().await,
        Next::Write(vec![encoded(&ServerMessage::Here(1))])
    );
    assert_eq!(mailbox.next().await, Next::Close(CloseCode::Restart));
    post(&mailbox, &ServerMessage::Here(2));
    mailbox.close(CloseCode::Policy);
    assert_eq!(mailbox.next().await, Next::Close(CloseCode::Policy));
}

#[tokio::test]
async fn a_room_writes_what_may_go_out_at_once_and_leaves_to_the_writer_what_follows_within_a_tick()
{
    let (mailbox, mut far) = mailbox().await;
    let now = Instant::now();
    let [first, second] = [1, 2].map(|n| encoded(&ServerMessage::Pong(n)));
    mailbox.post(&Letter::new(&ServerMessage::Pong(1), 1));
    assert_eq!(
        mailbox.write_or_wake(now),
        Said::of(std::slice::from_ref(&first))
    );
    let mut read = vec![0; first.len()];
    far.read_exact(&mut read).await.unwrap();
    assert_eq!(read, first);
    mailbox.post(&Letter::new(&ServerMessage::Pong(2), 1));
    let soon = now + TICK - Duration::from_nanos(1);
    assert_eq!(mailbox.write_or_wake(soon), Said::default());
    assert_eq!(mailbox.next().await, Next::Write(vec![second.clone()]));
    assert!(Instant::now() >= now + TICK);
    mailbox.post(&Letter::new(&ServerMessage::Pong(3), 1));
    let later = now + 2 * TICK;
    assert_eq!(
        mailbox.write_or_wake(later),
        Said::default(),
        "the writer is at work"
    );
    assert_eq!(
        mailbox.write(vec![second.clone()]).await.unwrap(),
        Said::of(&[second])
    );
}

#[tokio::test]
async fn what_a_slow_reader_does_not_take_from_the_room_is_written_by_the_writer() {
    let (mailbox, mut far) = mailbox().await;
    let mut profile = crate::web::people::names::profile(inkroom_board::PersonId([5; 16]));
    profile.name = "a".repeat(900_000);
    let large = ServerMessage::Joined(Present {
        member: MemberId(1),
        profile,
        hand: None,
    });
    let mut now = Instant::now();
    while mailbox.state().writing != Writing::Stalled {
        mailbox.post(&Letter::new(&large, 1));
        mailbox.write_or_wake(now);
        now += TICK;
    }
    let frame = encoded(&large);
    assert_eq!(mailbox.next().await, Next::Write(Vec::new()));
    let written = tokio::spawn(async move { mailbox.write(Vec::new()).await });
    let mut read = vec![0; frame.len()];
    far.read_exact(&mut read).await.unwrap();
    assert_eq!(read, frame);
    tokio::spawn(async move { tokio::io::copy(&mut far, &mut tokio::io::sink()).await });
    assert_eq!(written.await.unwrap().unwrap(), Said::default());
}

#[tokio::test]
async fn a_member_that_never_reads_its_answers_is_closed() {
    let (mailbox, _far) = mailbox().await;
    (0..=CONTROL_MESSAGES).for_each(|_| post(&mailbox, &ServerMessage::Pong(1)));
    assert_eq!(mailbox.next().await, Next::Close(CloseCode::Policy));
}

#[tokio::test]
async fn after_an_overflow_the_writer_is_asked_to_resume_once_all_else_is_written() {
    let (mailbox, _far) = mailbox().await;
    (0..=DURABLE_MESSAGES).for_each(|_| post(&mailbox, &ServerMessage::Here(1)));
    post(&mailbox, &ServerMessage::Pong(1));
    assert_eq!(
        mailbox.next().await,
        Next::Write(vec![encoded(&ServerMessage::Pong(1))])
    );
    assert_eq!(mailbox.next().await, Next::Resume(None));
    assert!(mailbox.is_behind());
    assert!(
        tokio::time::timeout(Duration::ZERO, mailbox.next())
            .await
            .is_err(),
        "it asks once"
    );
    mailbox.resume();
    post(&mailbox, &ServerMessage::Here(9));
    assert_eq!(
        mailbox.next().await,
        Next::Write(vec![encoded(&ServerMessage::Here(9))])
    );
}
