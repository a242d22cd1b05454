//! The line to the server: one WebSocket at a time, made again whenever it is lost.
//!
//! It moves bytes and keeps time; what is said is the replica's and the presence's business. Everything that happens
//! on a socket carries its number, so that a late word of an old one is passed over.

use inkroom_board::wire::{ClientMessage, CloseCode, Format, PROTOCOL};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

use crate::browser::{self, tolerate};
use crate::engine;

pub(crate) mod backoff;

use backoff::Backoff;

/// The line is tried so often …
const PING_MS: f64 = 10_000.0;
/// … and is dead when nothing was heard for so long while a ping waits.
const SILENCE_MS: f64 = 10_000.0;
/// After so long without a line, the page says that it is offline.
const OFFLINE_MS: f64 = 15_000.0;
/// With more bytes than this unsent, ink and cursors are left out: they would only be late.
const CLOGGED: u32 = 256 * 1024;
/// The close code of a client that gives up on a socket.
const GOODBYE: u16 = 1000;

/// The line.
#[derive(Debug)]
pub(crate) struct Link {
    address: String,
    socket: Option<Socket>,
    number: u32,
    backoff: Backoff,
    retry_at: Option<f64>,
    lost_at: Option<f64>,
    bye_ms: Option<f64>,
    stopped: Option<u16>,
}

struct Socket {
    socket: WebSocket,
    number: u32,
    is_open: bool,
    heard_ms: f64,
    pinged_ms: f64,
    /// A ping that was not answered.
    waiting: bool,
    /// Kept for as long as the socket may call them.
    _listeners: Listeners,
}

/// What hears that it opened, what it says, and that it closed.
type Listeners = (
    Closure<dyn FnMut()>,
    Closure<dyn FnMut(MessageEvent)>,
    Closure<dyn FnMut(CloseEvent)>,
);

impl core::fmt::Debug for Socket {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Socket")
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        let _ = self.socket.close_with_code(GOODBYE);
    }
}

impl Link {
    pub(crate) fn new(address: String) -> Self {
        Self {
            address,
            socket: None,
            number: 0,
            backoff: Backoff::default(),
            retry_at: None,
            lost_at: None,
            bye_ms: None,
            stopped: None,
        }
    }

    /// Makes a socket, in the place of the one there is.
    pub(crate) fn connect(&mut self) {
        self.retry_at = None;
        self.number = self.number.wrapping_add(1);
        self.socket = tolerate("the socket", Socket::new(&self.address, self.number));
        if self.socket.is_none() {
            self.plan(browser::now_ms());
        }
    }

    /// Whether this is the socket in use.
    pub(crate) fn is_current(&self, number: u32) -> bool {
        self.socket
            .as_ref()
            .is_some_and(|socket| socket.number == number)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.socket.as_ref().is_some_and(|socket| socket.is_open)
    }

    /// The close code after which there is no use in trying again.
    pub(crate) fn stopped(&self) -> Option<u16> {
        self.stopped
    }

    /// Whether it has been away for long, or the device knows that it has no network.
    pub(crate) fn is_away(&self, now_ms: f64) -> bool {
        self.stopped.is_some()
            || !browser::is_online()
            || self.lost_at.is_some_and(|lost| now_ms - lost >= OFFLINE_MS)
    }

    pub(crate) fn opened(&mut self, now_ms: f64) {
        if let Some(socket) = &mut self.socket {
            socket.is_open = true;
            (socket.heard_ms, socket.pinged_ms) = (now_ms, now_ms);
        }
        self.backoff.connected(now_ms);
    }

    /// Something was heard.
    pub(crate) fn heard(&mut self, now_ms: f64) {
        if let Some(socket) = &mut self.socket {
            socket.heard_ms = now_ms;
            socket.waiting = false;
        }
    }

    /// Everything is here: the line is as it should be.
    pub(crate) fn is_fine(&mut self) {
        self.lost_at = None;
    }

    /// The server is about to close and says when to come back.
    pub(crate) fn bye(&mut self, retry_ms: u32) {
        self.bye_ms = Some(f64::from(retry_ms));
    }

    /// The socket is closed, or is of no use any more.
    pub(crate) fn lost(&mut self, code: u16, now_ms: f64) {
        self.socket = None;
        self.lost_at = self.lost_at.or(Some(now_ms));
        if CloseCode::may_retry(code) {
            self.plan(now_ms);
        } else {
            self.stopped = Some(code);
            self.retry_at = None;
        }
    }

    fn plan(&mut self, now_ms: f64) {
        let wait = self
            .backoff
            .lost(now_ms, browser::random(), browser::is_hidden());
        self.retry_at = Some(now_ms + wait + self.bye_ms.take().unwrap_or(0.0));
    }

    /// The network is back, or somebody looks at the page: no need to wait for long.
    pub(crate) fn hasten(&mut self, now_ms: f64) {
        if let Some(retry_at) = &mut self.retry_at {
            *retry_at = retry_at.min(now_ms + Backoff::hastened(browser::random()));
        }
    }

    /// What finds a socket that is closing already is left out: it would go nowhere, and the next hello begins anew.
    pub(crate) fn send(&self, message: &ClientMessage) {
        let open = self.socket.as_ref().map(|socket| &socket.socket);
        if let Some(socket) = open.filter(|socket| socket.ready_state() == WebSocket::OPEN) {
            let bytes = Format::Binary.encode(message);
            tolerate("sending", socket.send_with_u8_array(&bytes));
        }
    }

    /// Sends what is of no use when late.
    pub(crate) fn send_light(&self, message: &ClientMessage) {
        if self
            .socket
            .as_ref()
            .is_some_and(|socket| socket.socket.buffered_amount() < CLOGGED)
        {
            self.send(message);
        }
    }

    /// Does what is due; whether the socket turned out to be dead.
    pub(crate) fn tick(&mut self, now_ms: f64) -> bool {
        if self.retry_at.is_some_and(|at| at <= now_ms) {
            self.connect();
        }
        let Some(socket) = &mut self.socket else {
            return false;
        };
        if socket.is_open && now_ms - socket.pinged_ms >= PING_MS {
            let is_dead = socket.waiting && now_ms - socket.heard_ms >= SILENCE_MS;
            (socket.pinged_ms, socket.waiting) = (now_ms, true);
            self.send(&ClientMessage::Ping(0));
            return is_dead;
        }
        false
    }

    /// When [`Self::tick`] has something to do.
    pub(crate) fn due(&self) -> Option<f64> {
        let ping = self
            .socket
            .as_ref()
            .filter(|socket| socket.is_open)
            .map(|socket| socket.pinged_ms + PING_MS);
        let offline = self
            .lost_at
            .map(|lost| lost + OFFLINE_MS)
            .filter(|due| *due > browser::now_ms());
        [self.retry_at, ping, offline]
            .into_iter()
            .flatten()
            .reduce(f64::min)
    }
}

impl Socket {
    fn new(address: &str, number: u32) -> Result<Self, JsValue> {
        let socket = WebSocket::new_with_str(address, PROTOCOL)?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let opened = Closure::<dyn FnMut()>::new(move || {
            engine::with(|engine| engine.socket_opened(number))
        });
        let message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let bytes = js_sys::Uint8Array::new(&event.data()).to_vec();
            engine::with(|engine| engine.socket_said(number, &bytes));
        });
        let closed = Closure::<dyn FnMut(CloseEvent)>::new(move |event: CloseEvent| {
            engine::with(|engine| engine.socket_closed(number, event.code()));
        });
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        let now = browser::now_ms();
        Ok(Self {
            socket,
            number,
            is_open: false,
            heard_ms: now,
            pinged_ms: now,
            waiting: false,
            _listeners: (opened, message, closed),
        })
    }
}

/// The address of a board's socket, beside the page's own.
pub(crate) fn address(board: &str) -> Option<String> {
    let location = browser::window()?.location();
    let scheme = if location.protocol().ok()? == "https:" {
        "wss://"
    } else {
        "ws://"
    };
    let mut address = String::from(scheme);
    address.push_str(&location.host().ok()?);
    address.push_str("/ws/");
    address.push_str(board);
    Some(address)
}
