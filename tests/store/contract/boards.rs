//! Boards and people: made, found, listed.

use inkroom::store::{Snapshot, StoreError};
use inkroom_board::wire::Profile;
use inkroom_board::{Access, Document, Ink, Mode, Op, Position};

use crate::fixture::*;
use crate::rig::*;

pub(crate) async fn a_new_board_is_blank_and_has_its_snapshot(rig: &dyn Rig) {
    let store = rig.store();
    let genesis = genesis(board(1), Mode::Presenters);
    store.create(&genesis, NOON).await.unwrap();
    let opening = store.load(board(1)).await.unwrap();
    assert_eq!(
        opening.document,
        Document::new(1, genesis.title.clone(), genesis.access.clone())
    );
    assert_eq!(
        (opening.recent, opening.before, opening.read_only),
        (Vec::new(), Position::start(1), false)
    );
    let snapshot = store.snapshot(board(1), 1, 0).await.unwrap().unwrap();
    assert_eq!(snapshot, opening.document.to_snapshot());
}

pub(crate) async fn a_board_is_made_once(rig: &dyn Rig) {
    let store = opened(rig).await;
    write(store, board(1), Pen::of_owner().draws(3)).await;
    let again = store
        .create(&genesis(board(1), Mode::Presenters), NOON)
        .await;
    assert!(matches!(again, Err(StoreError::Exists)));
    let document = document(store, board(1)).await;
    assert_eq!(
        (document.position().seq, document.access().mode),
        (3, Mode::Everyone)
    );
}

pub(crate) async fn a_board_that_is_not_there_is_not_found(rig: &dyn Rig) {
    let store = rig.store();
    let document = Document::new(1, String::new(), Access::new(owner(), Mode::Everyone));
    assert!(matches!(
        store.load(board(9)).await,
        Err(StoreError::NotFound)
    ));
    assert!(matches!(
        store.tail(board(9), 0, 10).await,
        Err(StoreError::NotFound)
    ));
    assert!(matches!(
        store.prune(board(9), NOON).await,
        Err(StoreError::NotFound)
    ));
    let put = store.put_snapshot(board(9), Snapshot::of(&document)).await;
    assert!(matches!(put, Err(StoreError::NotFound)));
    assert_eq!(store.snapshot(board(9), 1, 0).await.unwrap(), None);
    assert_eq!(store.client(board(9), client(1)).await.unwrap(), None);
    assert_eq!(store.heads(&[board(9)]).await.unwrap(), []);
    assert_eq!(store.boards(&[board(9)]).await.unwrap(), []);
}

pub(crate) async fn lists_show_the_title_and_mode_of_now(rig: &dyn Rig) {
    let store = opened(rig).await;
    let title = |title: &str| Op::SetTitle(String::from(title));
    let mut pen = Pen::of_owner();
    let entries = vec![
        pen.does(title("First")),
        pen.does(Op::SetMode(Mode::Presenters)),
        pen.does(title("Second")),
    ];
    let logged = write(store, board(1), entries).await;
    write(store, board(1), pen.draws(1)).await;
    let card = store.boards(&[board(1)]).await.unwrap().remove(0);
    assert_eq!(
        (card.title.as_str(), card.mode, card.owner),
        ("Second", Mode::Presenters, owner())
    );
    assert_eq!(
        (card.id, card.created_ms, card.head.seq),
        (board(1), NOON, logged[2].seq + 1)
    );
}

pub(crate) async fn lists_come_in_the_order_asked_for(rig: &dyn Rig) {
    let store = rig.store();
    for n in 1..=5 {
        open_board(store, board(n)).await;
    }
    let wanted = [board(4), board(9), board(1), board(5)];
    let cards = store.boards(&wanted).await.unwrap();
    assert_eq!(
        cards.iter().map(|card| card.id).collect::<Vec<_>>(),
        [board(4), board(1), board(5)]
    );
    assert_eq!(store.boards(&[]).await.unwrap(), []);
}

pub(crate) async fn a_board_is_touched_by_its_newest_op(rig: &dyn Rig) {
    let store = opened(rig).await;
    let touched = async || store.boards(&[board(1)]).await.unwrap()[0].touched_ms;
    assert_eq!(touched().await, NOON);
    let mut pen = Pen {
        at_ms: NOON + 5_000,
        ..Pen::of_owner()
    };
    write(store, board(1), pen.draws(1)).await;
    assert_eq!(touched().await, NOON + 5_000);
    pen.at_ms = NOON + 3_000;
    write(store, board(1), pen.draws(1)).await;
    assert_eq!(touched().await, NOON + 5_000);
}

pub(crate) async fn heads_tells_where_logs_end(rig: &dyn Rig) {
    let store = rig.store();
    for n in 1..=3 {
        open_board(store, board(n)).await;
        write(store, board(n), Pen::of_owner().draws(usize::from(n) * 2)).await;
    }
    let mut heads = store.heads(&[board(3), board(9), board(1)]).await.unwrap();
    heads.sort_unstable();
    let ends: Vec<_> = heads
        .iter()
        .map(|(id, head)| (*id, head.epoch, head.seq))
        .collect();
    assert_eq!(ends, [(board(1), 1, 2), (board(3), 1, 6)]);
    assert_eq!(store.heads(&[]).await.unwrap(), []);
}

pub(crate) async fn newest_tells_the_head_and_the_newest_snapshot(rig: &dyn Rig) {
    let store = rig.store();
    assert_eq!(store.newest(board(1)).await.unwrap(), None);
    open_board(store, board(1)).await;
    let blank = Snapshot::of(&document(store, board(1)).await);
    let mut pen = Pen::of_owner();
    write(store, board(1), pen.draws(5)).await;
    let newest = store.newest(board(1)).await.unwrap().unwrap();
    assert_eq!(
        (newest.snapshot, newest.sha256),
        (blank.position, blank.sha256)
    );
    let kept = Snapshot::of(&snap(store, board(1)).await);
    write(store, board(1), pen.draws(2)).await;
    let newest = store.newest(board(1)).await.unwrap().unwrap();
    assert_eq!(
        (newest.snapshot, newest.sha256),
        (kept.position, kept.sha256)
    );
    assert_eq!(
        (newest.head, newest.read_only),
        (document(store, board(1)).await.position(), false)
    );
}

pub(crate) async fn health_counts_the_boards(rig: &dyn Rig) {
    let store = rig.store();
    assert_eq!(store.health().await.boards, Some(0));
    for n in 1..=3 {
        open_board(store, board(n)).await;
    }
    let health = store.health().await;
    assert_eq!((health.boards, health.fault), (Some(3), None));
}

pub(crate) async fn people_come_back_as_they_went_in(rig: &dyn Rig) {
    let store = rig.store();
    assert_eq!(store.person(person(1)).await.unwrap(), None);
    store.touch_person(person(1), NOON).await.unwrap();
    assert_eq!(store.person(person(1)).await.unwrap(), None);
    for colour in Ink::ALL {
        let profile = Profile {
            person: person(1),
            name: format!("Zoë {}", colour.name()),
            colour,
        };
        store.put_person(&profile, NOON).await.unwrap();
        assert_eq!(store.person(person(1)).await.unwrap(), Some(profile));
    }
    store.touch_person(person(1), NOON + 1).await.unwrap();
    assert_eq!(
        store.person(person(1)).await.unwrap().unwrap().colour,
        Ink::Pink
    );
    assert_eq!(store.person(person(2)).await.unwrap(), None);
}

pub(crate) async fn people_were_seen_when_they_were_here_last(rig: &dyn Rig) {
    let (store, ada) = (rig.store(), person(1));
    let profile = Profile {
        person: ada,
        name: String::from("Ada"),
        colour: Ink::Red,
    };
    for at_ms in [NOON + 5, NOON] {
        store.put_person(&profile, at_ms).await.unwrap();
        let seen = "UPDATE people SET name = name WHERE seen_at = 1790000000005";
        assert_eq!(rig.run(seen, None).await, 1);
    }
    for at_ms in [NOON + 9, NOON] {
        store.touch_person(ada, at_ms).await.unwrap();
        let seen = "UPDATE people SET name = name WHERE seen_at = 1790000000009";
        assert_eq!(rig.run(seen, None).await, 1);
    }
}
