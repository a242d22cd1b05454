//! Clients: a raw one that says exactly what it is told, and one that runs a replica as the page does.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use inkroom_board::presence::Presence;
use inkroom_board::replica::Received;
use inkroom_board::wire::{Batch, ClientMessage, Format, PROTOCOL, ServerMessage, Sketch};
use inkroom_board::{BoardId, Document, Entry, MemberId, Op, OpId, Position, Replica, digest};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::Message;
use tokio_tungstenite::tungstenite::{Error, http};

use super::{Ask, Guest, soon};

/// A socket, and nothing that decides what is said on it.
pub struct Raw {
    pub socket: WebSocketStream<TcpStream>,
}

impl Raw {
    /// Opens a board's socket; or the status with which that was refused, 0 if there was no answer.
    pub async fn open(
        server: SocketAddr,
        board: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, u16> {
        Self::over(
            TcpStream::connect(server).await.unwrap(),
            server,
            board,
            headers,
        )
        .await
    }

    /// The same, over a connection that is there already.
    pub async fn over(
        stream: TcpStream,
        server: SocketAddr,
        board: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, u16> {
        let mut request = format!("ws://{server}/ws/{board}")
            .into_client_request()
            .unwrap();
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        match soon(
            "an upgrade",
            tokio_tungstenite::client_async(request, stream),
        )
        .await
        {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(_) => Err(0),
        }
    }

    /// As a guest, in binary.
    pub async fn join(server: SocketAddr, board: BoardId, guest: &Guest) -> Self {
        let bearer = format!("Bearer {}", guest.token);
        let headers = [
            ("authorization", bearer.as_str()),
            ("sec-websocket-protocol", PROTOCOL),
        ];
        Self::open(server, &board.to_string(), &headers)
            .await
            .unwrap()
    }

    pub async fn say(&mut self, message: &ClientMessage) {
        self.send(Message::Binary(Format::Binary.encode(message).into()))
            .await;
    }

    /// Sends whatever it is; the server may have closed by then.
    pub async fn send(&mut self, message: Message) {
        let _ = self.socket.send(message).await;
    }

    /// The next message, or the code of the close. May be dropped while waiting and called again.
    pub async fn hear(&mut self) -> Result<ServerMessage, u16> {
        loop {
            match soon("a message", self.socket.next()).await {
                Some(Ok(Message::Binary(bytes))) => {
                    return Ok(Format::Binary.decode(&bytes).unwrap());
                }
                Some(Ok(Message::Text(text))) => {
                    return Ok(Format::Json.decode(text.as_bytes()).unwrap());
                }
                Some(Ok(Message::Close(Some(frame)))) => return Err(frame.code.into()),
                Some(Ok(Message::Close(None))) | Some(Err(_)) | None => return Err(1006),
                Some(Ok(_)) => {}
            }
        }
    }

    /// The first message that is of interest.
    pub async fn hear_of<T>(&mut self, interest: impl Fn(&ServerMessage) -> Option<T>) -> T {
        loop {
            let message = self.hear().await.expect("still connected");
            if let Some(found) = interest(&message) {
                return found;
            }
        }
    }
}

/// The code with which the server closes, whatever it says before.
pub async fn close_code(raw: &mut Raw) -> u16 {
    loop {
        if let Err(code) = raw.hear().await {
            return code;
        }
    }
}

/// A hello of a client that knows nothing.
pub fn hello() -> ClientMessage {
    ClientMessage::Hello {
        client: inkroom::random::client(),
        resume: None,
    }
}

/// A client as the page is one.
pub struct Client {
    pub server: SocketAddr,
    pub board: BoardId,
    pub guest: Guest,
    pub replica: Replica,
    pub presence: Presence,
    pub member: Option<MemberId>,
    /// Everything heard since the last connection.
    pub heard: Vec<ServerMessage>,
    /// What became of ops that were refused for good.
    pub refused: Vec<(Entry, inkroom_board::wire::Refusal)>,
    /// Everything that was drawn, in order.
    pub drawn: Vec<OpId>,
    /// Everything that was acknowledged.
    pub saved: Vec<OpId>,
    /// What went on under another identity: old, new.
    pub renamed: Vec<(OpId, OpId)>,
    /// The runs of the log that came, each with where the replica was before it.
    pub took: Vec<(Position, Batch)>,
    /// Where it began anew from a snapshot.
    pub adopted: Vec<Position>,
    /// How the last connection ended.
    pub closed: Option<u16>,
    raw: Option<Raw>,
    /// When to send again what was refused for the moment.
    again_at: Option<Instant>,
}

/// What comes of listening.
pub enum Heard {
    /// The server says something.
    Message(ServerMessage),
    /// The connection is over.
    Closed(u16),
    /// It is time to send again.
    Again,
}

/// How a connection ends that this side gave up: the server's log had a hole, or its snapshot could not be had.
pub const GAVE_UP: u16 = 0;

impl Client {
    /// Somebody who has not been on the board yet, and is not connected.
    pub fn new(server: SocketAddr, board: BoardId, guest: &Guest) -> Self {
        let blank = Document::new(
            0,
            String::new(),
            inkroom_board::Access::new(guest.person, inkroom_board::Mode::Everyone),
        );
        Self {
            server,
            board,
            guest: guest.clone(),
            replica: Replica::new(blank, inkroom::random::client(), guest.person),
            presence: Presence::default(),
            member: None,
            heard: Vec::new(),
            refused: Vec::new(),
            drawn: Vec::new(),
            saved: Vec::new(),
            renamed: Vec::new(),
            took: Vec::new(),
            adopted: Vec::new(),
            closed: None,
            raw: None,
            again_at: None,
        }
    }

    /// Joins and is current.
    pub async fn join(server: SocketAddr, board: BoardId, guest: &Guest) -> Self {
        let mut client = Self::new(server, board, guest);
        client.connect().await;
        client
    }

    /// Connects, and is current with everything it has sent.
    pub async fn connect(&mut self) {
        assert!(self.try_connect().await, "no way in");
        self.until("live", |client| client.replica.is_live()).await;
    }

    /// Says hello on a connection that is there already.
    pub async fn connect_over(&mut self, stream: TcpStream) {
        self.greet(stream).await.unwrap();
    }

    /// Says hello, if the server is there and takes people.
    pub async fn try_connect(&mut self) -> bool {
        match TcpStream::connect(self.server).await {
            Ok(stream) => self.greet(stream).await.is_ok(),
            Err(_) => false,
        }
    }

    async fn greet(&mut self, stream: TcpStream) -> Result<(), u16> {
        let bearer = format!("Bearer {}", self.guest.token);
        let headers = [
            ("authorization", bearer.as_str()),
            ("sec-websocket-protocol", PROTOCOL),
        ];
        let mut raw = Raw::over(stream, self.server, &self.board.to_string(), &headers).await?;
        self.heard.clear();
        self.closed = None;
        raw.say(&self.replica.hello()).await;
        self.raw = Some(raw);
        Ok(())
    }

    pub fn is_connected(&self) -> bool {
        self.raw.is_some()
    }

    /// The line is cut, without a word.
    pub fn vanish(&mut self) {
        self.raw = None;
        self.again_at = None;
        self.replica.disconnected();
        let _ = self.presence.disconnected();
    }

    pub async fn say(&mut self, message: ClientMessage) {
        if let Some(raw) = &mut self.raw {
            raw.say(&message).await;
        }
    }

    /// Draws, and sends it if the line is up.
    pub async fn draw(&mut self, op: Op) {
        let (entry, _) = self.replica.perform(op, 0);
        self.drawn.push(entry.id);
        self.flush().await;
    }

    pub async fn ink(&mut self, sketch: Sketch) {
        self.say(ClientMessage::Ink(sketch)).await;
    }

    async fn flush(&mut self) {
        for message in self.replica.outgoing() {
            self.say(message).await;
        }
    }

    /// Listens until it is so.
    pub async fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        soon(what, async {
            while !is_so(self) {
                assert!(
                    self.step().await,
                    "closed with {:?} while waiting for: {what}",
                    self.closed
                );
            }
        })
        .await;
    }

    /// Everything drawn is acknowledged.
    pub async fn all_saved(&mut self) {
        self.until("all saved", |client| client.replica.pending() == 0)
            .await;
    }

    /// Has everything up to that many ops.
    pub async fn at_seq(&mut self, seq: u64) {
        self.until(&format!("seq {seq}"), |client| {
            client.replica.position().seq >= seq
        })
        .await;
    }

    /// Listens until the server closes; returns the code.
    pub async fn until_closed(&mut self) -> u16 {
        soon("a close", async { while self.step().await {} }).await;
        self.closed.unwrap()
    }

    /// One message; false if the connection is over.
    pub async fn step(&mut self) -> bool {
        let heard = self.listen().await;
        self.take(heard).await;
        self.is_connected()
    }

    /// What happens next; may be dropped while waiting and called again.
    pub async fn listen(&mut self) -> Heard {
        let Some(raw) = &mut self.raw else {
            return Heard::Closed(self.closed.unwrap_or(GAVE_UP));
        };
        let again = async {
            match self.again_at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            heard = raw.hear() => heard.map_or_else(Heard::Closed, Heard::Message),
            () = again => Heard::Again,
        }
    }

    pub async fn take(&mut self, heard: Heard) {
        match heard {
            Heard::Message(message) => self.receive(message).await,
            Heard::Closed(code) => self.end(code),
            Heard::Again => {
                self.again_at = None;
                for message in self.replica.again() {
                    self.say(message).await;
                }
            }
        }
    }

    fn end(&mut self, code: u16) {
        self.vanish();
        self.closed = Some(code);
    }

    async fn receive(&mut self, message: ServerMessage) {
        match &message {
            ServerMessage::Welcome { member, .. } => self.member = Some(*member),
            ServerMessage::Ops(batch) => self.took.push((self.replica.position(), batch.clone())),
            _ => {}
        }
        let received = self.replica.receive(&message, inkroom::random::client);
        let fetch = received.fetch;
        self.note(&message, received);
        if let Some(at) = fetch {
            self.fetch(at).await;
        }
        self.heard.push(message);
        self.flush().await;
    }

    async fn fetch(&mut self, at: Position) {
        let path = format!("/b/{}/snapshot/{}-{}", self.board, at.epoch, at.seq);
        let answer = Box::pin(Ask::get(path).of(self.server)).await;
        if answer.status != 200 {
            return self.end(GAVE_UP);
        }
        let document = Document::from_snapshot(&answer.body).unwrap();
        self.adopted.push(at);
        let received = self.replica.adopt(document);
        self.note(&ServerMessage::Head(at), received);
    }

    /// Keeps what a message did.
    fn note(&mut self, message: &ServerMessage, received: Received) {
        let _ = self.presence.receive(message, self.replica.document(), 0);
        let _ = self
            .presence
            .settle(&received.change.touched, self.replica.document());
        self.saved.extend(received.saved);
        self.refused.extend(received.refused);
        self.renamed.extend(received.renamed);
        if let Some(ms) = received.retry_ms {
            let at = Instant::now() + Duration::from_millis(ms.into());
            self.again_at = Some(self.again_at.map_or(at, |again| again.min(at)));
        }
        if received.reconnect {
            self.end(GAVE_UP);
        }
    }

    /// The digest of what is in the log, as it is here.
    pub fn digest(&self) -> String {
        digest::digest(&self.replica.confirmed())
    }

    /// Whether that element is seen while it is being drawn.
    pub fn sees_ink(&self, id: inkroom_board::ElementId) -> bool {
        self.presence.is_live(id)
    }
}
