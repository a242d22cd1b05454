//! What Inkroom's pages say: components and islands, rendered on the server, brought to life in the browser.
//!
//! A page is plain data in, one HTML document out (`page`, feature `ssr`); only what moves is an island.
//! Islands take no props: they read the [`BoardHandle`], which both sides make from the same
//! [`Start`](handle::Start). Not here: databases, sockets and canvases. No page has an inline script or
//! an inline style, so the strictest content policy fits all of them.

extern crate alloc;

pub mod handle;
pub mod island;
#[cfg(feature = "ssr")]
pub mod page;
pub mod tool;
pub mod words;

pub use handle::BoardHandle;
pub use tool::Tool;
