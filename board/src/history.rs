//! History: one person's undo and redo on one board, kept by their client for as long as its page lives.
//!
//! It holds no document state, only how to take each step back; what that is by now is asked of the
//! document when it happens. So undo reverts what is still one's own doing and nothing of others:
//! strokes that somebody erased meanwhile are passed over, and an erasure that was forgotten or
//! undone is skipped.

use alloc::vec::Vec;

use crate::document::Document;
use crate::id::{ElementId, OpId};
use crate::limits;
use crate::op::Op;

/// What takes one thing back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Take these elements off again.
    Remove(Vec<ElementId>),
    /// Put back what this op took off.
    Restore(OpId),
}

/// Undo and redo, newest last. An item is all the steps of one gesture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    undo: Vec<Vec<Step>>,
    redo: Vec<Vec<Step>>,
}

/// Which way to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Back.
    Undo,
    /// Forth.
    Redo,
}

impl History {
    /// Notes something done, as a gesture of its own; there is nothing to redo after it.
    pub fn did(&mut self, step: Step) {
        self.redo.clear();
        push(&mut self.undo, Vec::from([step]));
    }

    /// Notes something done as part of the latest gesture.
    pub fn did_also(&mut self, step: Step) {
        match self.undo.last_mut() {
            Some(gesture) if gesture.contains(&step) => {}
            Some(gesture) => gesture.push(step),
            None => self.did(step),
        }
    }

    /// Notes something done, as part of the latest gesture or as one of its own.
    pub fn did_also_or_new(&mut self, goes_on: bool, step: Step) {
        if goes_on {
            self.did_also(step)
        } else {
            self.did(step)
        }
    }

    /// Whether there is something to take back, or to do again.
    #[must_use]
    pub fn can(&self, way: Way) -> bool {
        match way {
            Way::Undo => !self.undo.is_empty(),
            Way::Redo => !self.redo.is_empty(),
        }
    }

    /// Takes the latest gesture back (or does it again): `perform` is given each op in turn, carries it
    /// out and answers its identity. Gestures of which nothing is left are passed over.
    /// Returns whether anything was done.
    pub fn go(&mut self, way: Way, document: &mut impl Board) -> bool {
        while let Some(gesture) = self.side(way).pop() {
            let opposite: Vec<_> = gesture
                .into_iter()
                .rev()
                .flat_map(|step| take_back(step, document))
                .collect();
            if !opposite.is_empty() {
                let other = if way == Way::Undo {
                    &mut self.redo
                } else {
                    &mut self.undo
                };
                push(other, opposite);
                return true;
            }
        }
        false
    }

    /// Follows ops that were given new identities because an earlier op of their queue was refused.
    pub fn rename(&mut self, renamed: &[(OpId, OpId)]) {
        for step in self.undo.iter_mut().chain(&mut self.redo).flatten() {
            if let Step::Restore(of) = step
                && let Some((_, new)) = renamed.iter().find(|(old, _)| old == of)
            {
                *of = *new;
            }
        }
    }

    fn side(&mut self, way: Way) -> &mut Vec<Vec<Step>> {
        match way {
            Way::Undo => &mut self.undo,
            Way::Redo => &mut self.redo,
        }
    }
}

/// What history needs of a board: look, and do.
pub trait Board {
    /// The document as its person sees it.
    fn document(&self) -> &Document;
    /// Carries out an op and answers its identity.
    fn perform(&mut self, op: Op) -> OpId;
}

fn take_back(step: Step, board: &mut impl Board) -> Vec<Step> {
    match step {
        Step::Remove(ids) => take_off(&ids, board),
        Step::Restore(of) => put_back(of, board).into_iter().collect(),
    }
}

fn take_off(ids: &[ElementId], board: &mut impl Board) -> Vec<Step> {
    let ids: Vec<_> = ids
        .iter()
        .copied()
        .filter(|id| board.document().shown(*id).is_some())
        .collect();
    let ops = ids
        .chunks(limits::IDS_PER_OP)
        .map(|some| Op::Remove { ids: some.to_vec() });
    ops.map(|op| Step::Restore(board.perform(op))).collect()
}

fn put_back(of: OpId, board: &mut impl Board) -> Option<Step> {
    let ids = board.document().removed_by(of).to_vec();
    if ids.is_empty() {
        return None;
    }
    board.perform(Op::Restore { of });
    Some(Step::Remove(ids))
}

fn push(stack: &mut Vec<Vec<Step>>, gesture: Vec<Step>) {
    if stack.len() == limits::UNDO_STEPS {
        stack.remove(0);
    }
    stack.push(gesture);
}
