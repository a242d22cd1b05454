//! A waiting op as it is written down: its key and its bytes. Pure; what reads it trusts nothing.
//!
//! A record is one byte that says how the rest is written, then the entry. Another version's record is kept, not guessed at.

use inkroom_board::ledger::Entry;
use inkroom_board::{BoardId, ClientId, OpId};

/// How a record is written.
const VERSION: u8 = 1;

/// What the keys of a board's records begin with.
pub(crate) fn prefix(board: BoardId) -> String {
    let mut prefix = board.to_string();
    prefix.push('/');
    prefix
}

/// Sorts like the queue: numbers are written with all their zeros.
pub(crate) fn key(board: BoardId, id: OpId) -> String {
    let mut key = prefix(board);
    key.push_str(&id.client.to_string());
    key.push('/');
    let n = id.n.to_string();
    (n.len()..10).for_each(|_| key.push('0'));
    key.push_str(&n);
    key
}

/// Whose queue a record is in, by its key.
pub(crate) fn owner(board: BoardId, key: &str) -> Option<ClientId> {
    let (client, _n) = key.strip_prefix(&prefix(board))?.split_once('/')?;
    client.parse().ok()
}

pub(crate) fn encode(entry: &Entry) -> Vec<u8> {
    postcard::to_extend(entry, Vec::from([VERSION])).unwrap_or_default()
}

/// The entry under that key, if it is one that could have been written there.
pub(crate) fn decode(board: BoardId, key: &str, bytes: &[u8]) -> Option<Entry> {
    let [VERSION, rest @ ..] = bytes else {
        return None;
    };
    match postcard::take_from_bytes::<Entry>(rest) {
        Ok((entry, [])) if self::key(board, entry.id) == key && entry.op.check().is_ok() => {
            Some(entry)
        }
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use inkroom_board::{Op, PersonId};

    use super::*;

    const BOARD: BoardId = BoardId([4; 16]);

    fn entry(n: u32) -> Entry {
        Entry {
            id: OpId {
                client: ClientId([9; 16]),
                n,
            },
            author: PersonId([1; 16]),
            at_ms: 5,
            op: Op::Clear,
        }
    }

    fn read(n: u32, bytes: &[u8]) -> Option<Entry> {
        decode(BOARD, &key(BOARD, entry(n).id), bytes)
    }

    #[test]
    fn keys_sort_like_the_queue() {
        let keys: Vec<_> = [1, 9, 10, 200, u32::MAX]
            .map(|n| key(BOARD, entry(n).id))
            .into();
        assert!(keys.is_sorted());
        assert!(
            keys.iter()
                .all(|key| key.starts_with(&prefix(BOARD)) && key.len() == keys[0].len())
        );
    }

    #[test]
    fn a_key_says_whose_queue_it_is_in() {
        let key = key(BOARD, entry(3).id);
        assert_eq!(owner(BOARD, &key), Some(ClientId([9; 16])));
        assert_eq!(owner(BoardId([5; 16]), &key), None);
        assert_eq!(owner(BOARD, &prefix(BOARD)), None);
        assert_eq!(owner(BOARD, &key[..40]), None);
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(read(3, &encode(&entry(3))), Some(entry(3)));
    }

    #[test]
    fn damage_of_any_byte_or_length_is_seen_or_harmless() {
        let whole = encode(&entry(3));
        for end in 0..whole.len() {
            assert_eq!(read(3, &whole[..end]), None, "cut at {end}");
        }
        assert_eq!(read(3, &[whole.clone(), vec![0]].concat()), None);
        for (at, flip) in (0..whole.len()).flat_map(|at| (1..=255).map(move |flip| (at, flip))) {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            let read = read(3, &bytes);
            assert!(read.is_none_or(|read| read.id == entry(3).id && read.op.check().is_ok()));
        }
    }

    #[test]
    fn another_versions_record_and_one_under_a_wrong_key_are_not_read() {
        let mut newer = encode(&entry(3));
        newer[0] = VERSION + 1;
        assert_eq!(read(3, &newer), None);
        assert_eq!(read(4, &encode(&entry(3))), None);
    }
}
