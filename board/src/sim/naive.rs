//! A second opinion on what a log means: the rules of `SPEC.md` told as simply as possible, with lists
//! and searches, sharing no code with the document.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::store::Store;
use crate::document::Document;
use crate::element::Element;
use crate::id::{ElementId, OpId, PersonId};
use crate::ledger::{Entry, Mode};
use crate::op::Op;

struct Thing {
    id: ElementId,
    author: PersonId,
    element: Element,
    removed: Option<(OpId, PersonId)>,
}

struct Naive {
    things: Vec<Thing>,
    title: String,
    mode: Mode,
    pens: BTreeSet<PersonId>,
}

/// Whether the document shows what the log says.
pub(super) fn check(store: &Store, document: &Document) -> Result<(), String> {
    let access = store.genesis.access();
    let mut naive = Naive {
        things: Vec::new(),
        title: String::from(store.genesis.title()),
        mode: access.mode,
        pens: access.pens.iter().copied().collect(),
    };
    store
        .log
        .iter()
        .for_each(|logged| naive.follow(&logged.entry));
    let expected: Vec<_> = naive
        .things
        .iter()
        .filter(|thing| thing.removed.is_none())
        .collect();
    let shown: Vec<_> = document.visible().collect();
    let same = |(a, b): (&&Thing, &&crate::document::Item)| {
        a.id == b.id && a.element == b.element && a.author == b.author
    };
    let equal = expected.len() == shown.len()
        && expected.iter().zip(&shown).all(same)
        && naive.title == document.title()
        && naive.mode == document.access().mode
        && naive.pens.iter().eq(document.access().pens.iter());
    if equal {
        Ok(())
    } else {
        Err(format!(
            "{} elements, the naive model has {}",
            shown.len(),
            expected.len()
        ))
    }
}

impl Naive {
    fn thing(&mut self, id: ElementId) -> Option<&mut Thing> {
        self.things.iter_mut().find(|thing| thing.id == id)
    }

    fn follow(&mut self, entry: &Entry) {
        let who = entry.author;
        match &entry.op {
            Op::Add { id, element } => match (self.thing(*id), element) {
                (None, _) => {
                    self.things.push(Thing {
                        id: *id,
                        author: who,
                        element: element.clone(),
                        removed: None,
                    });
                }
                (Some(_), Element::Stroke(stroke)) => {
                    self.extend(*id, who, 0, &stroke.points.0, stroke.done)
                }
                (Some(_), Element::Shape(_)) => {}
            },
            Op::Extend {
                id,
                from,
                points,
                done,
            } => {
                self.extend(
                    *id,
                    who,
                    usize::try_from(*from).unwrap_or(usize::MAX),
                    &points.0,
                    *done,
                );
            }
            Op::Remove { ids } => {
                let gone = self
                    .things
                    .iter_mut()
                    .filter(|thing| ids.contains(&thing.id) && thing.removed.is_none());
                gone.for_each(|thing| thing.removed = Some((entry.id, who)));
            }
            Op::Clear => {
                let gone = self
                    .things
                    .iter_mut()
                    .filter(|thing| thing.removed.is_none());
                gone.for_each(|thing| thing.removed = Some((entry.id, who)));
            }
            Op::Restore { of } => {
                let back = self
                    .things
                    .iter_mut()
                    .filter(|thing| thing.removed == Some((*of, who)));
                back.for_each(|thing| thing.removed = None);
            }
            Op::SetMode(mode) => self.mode = *mode,
            Op::SetPen {
                person,
                holds: true,
            } => drop(self.pens.insert(*person)),
            Op::SetPen {
                person,
                holds: false,
            } => drop(self.pens.remove(person)),
            Op::SetTitle(title) => self.title.clone_from(title),
        }
    }

    fn extend(
        &mut self,
        id: ElementId,
        who: PersonId,
        from: usize,
        points: &[crate::Point],
        done: bool,
    ) {
        let Some(thing) = self.thing(id).filter(|thing| thing.author == who) else {
            return;
        };
        let Element::Stroke(stroke) = &mut thing.element else {
            return;
        };
        if stroke.done || from > stroke.points.len() {
            return;
        }
        for (index, point) in points.iter().enumerate() {
            if from + index == stroke.points.len() {
                stroke.points.0.push(*point);
            }
        }
        stroke.done = done;
    }
}
