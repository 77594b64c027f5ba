//! A stream of bytes as a stream of WebSocket messages.
//!
//! Everything is polled by the one task that owns the connection. Writing is a queue in memory that the
//! owner limits by looking at [`Socket::queued`] before it adds to it.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use nuncio_protocol::frames::ProtobufMessage;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frame::{self, Fault, Frame, Opcode};

/// Bytes that one read takes at most. They are on the stack, so an idle connection needs none.
const READ_BYTES: usize = 16 * 1024;
/// Pings are left unanswered while so many bytes wait to be written: their sender does not read.
const PONG_BYTES: usize = 4 * 1024;

/// What came in.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Incoming {
    /// A binary message.
    Message(Vec<u8>),
    /// Part of a message, or a ping or pong: a sign of life.
    Sign,
    /// The other side closes.
    Close,
}

/// Why nothing more will come in.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The other side does not keep to the protocol.
    Fault(Fault),
    /// The connection is gone.
    Lost,
}

/// A WebSocket, the server's side of it.
#[derive(Debug)]
pub(crate) struct Socket<Io> {
    io: Io,
    /// Bytes that came and are not a whole frame yet, or not taken yet.
    input: Vec<u8>,
    /// How many of `input` are done with.
    taken: usize,
    /// The parts of a message whose end has not come.
    parts: Option<Vec<u8>>,
    /// The largest message.
    most: usize,
    output: Vec<u8>,
    /// How many of `output` have been written.
    written: usize,
    /// Bytes written since the beginning.
    total_written: u64,
}

impl<Io: AsyncRead + AsyncWrite + Unpin> Socket<Io> {
    /// A socket whose messages have at most `most` bytes.
    pub(crate) fn new(io: Io, most: usize) -> Self {
        Self {
            io,
            input: Vec::new(),
            taken: 0,
            parts: None,
            most,
            output: Vec::new(),
            written: 0,
            total_written: 0,
        }
    }

    /// Changes how large messages may be.
    pub(crate) fn set_most(&mut self, most: usize) {
        self.most = most;
    }

    /// The next message, or sign of life.
    pub(crate) fn poll_incoming(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, Broken>> {
        loop {
            while let Some(frame) = self.next_frame().map_err(Broken::Fault)? {
                if let Some(incoming) = self.take(frame).map_err(Broken::Fault)? {
                    return Poll::Ready(Ok(incoming));
                }
            }
            let mut space = [MaybeUninit::uninit(); READ_BYTES];
            let mut read = ReadBuf::uninit(&mut space);
            match ready!(Pin::new(&mut self.io).poll_read(cx, &mut read)) {
                Ok(()) if !read.filled().is_empty() => {}
                _ => return Poll::Ready(Err(Broken::Lost)),
            }
            self.input.drain(..self.taken);
            self.taken = 0;
            self.input.extend_from_slice(read.filled());
        }
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, Fault> {
        let parsed = frame::parse(&self.input[self.taken..], self.most)?;
        let Some((frame, used)) = parsed else { return Ok(None) };
        self.taken += used;
        if self.taken == self.input.len() {
            (self.input, self.taken) = (Vec::new(), 0);
        }
        Ok(Some(frame))
    }

    /// What a frame means to the owner.
    fn take(&mut self, frame: Frame) -> Result<Option<Incoming>, Fault> {
        match frame.opcode {
            Opcode::Text => Err("frames are binary WebSocket messages, not text"),
            Opcode::Close => Ok(Some(Incoming::Close)),
            Opcode::Pong => Ok(Some(Incoming::Sign)),
            Opcode::Ping => {
                if self.queued() < PONG_BYTES {
                    frame::write_head(&mut self.output, Opcode::Pong, frame.payload.len());
                    self.output.extend_from_slice(&frame.payload);
                }
                Ok(Some(Incoming::Sign))
            }
            Opcode::Binary if self.parts.is_some() => {
                Err("a message begins before the one before it has ended")
            }
            Opcode::Continuation if self.parts.is_none() => {
                Err("a message goes on that has not begun")
            }
            Opcode::Binary if frame.last => Ok(Some(Incoming::Message(frame.payload))),
            Opcode::Binary => {
                self.parts = Some(frame.payload);
                Ok(Some(Incoming::Sign))
            }
            Opcode::Continuation => {
                let mut message = self.parts.take().unwrap_or_default();
                if message.len() + frame.payload.len() > self.most {
                    return Err("a frame has more bytes than allowed");
                }
                message.extend_from_slice(&frame.payload);
                if frame.last {
                    return Ok(Some(Incoming::Message(message)));
                }
                self.parts = Some(message);
                Ok(Some(Incoming::Sign))
            }
        }
    }

    /// Queues a binary message.
    pub(crate) fn push(&mut self, message: &[u8]) {
        frame::write_head(&mut self.output, Opcode::Binary, message.len());
        self.output.extend_from_slice(message);
    }

    /// Queues a protobuf as a binary message.
    pub(crate) fn push_protobuf(&mut self, message: &impl ProtobufMessage) {
        let size = message.encoded_len();
        self.output.reserve(size + 10);
        frame::write_head(&mut self.output, Opcode::Binary, size);
        message.encode_raw(&mut self.output);
    }

    /// Queues the end of the connection.
    pub(crate) fn push_close(&mut self, code: u16) {
        frame::write_head(&mut self.output, Opcode::Close, size_of_val(&code));
        self.output.extend_from_slice(&code.to_be_bytes());
    }

    /// Bytes that wait to be written.
    pub(crate) fn queued(&self) -> usize {
        self.output.len() - self.written
    }

    /// Bytes written since the beginning.
    pub(crate) fn total_written(&self) -> u64 {
        self.total_written
    }

    /// Writes what is queued.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.output.len() {
            let waiting = &self.output[self.written..];
            match ready!(Pin::new(&mut self.io).poll_write(cx, waiting)) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(count) => {
                    self.written += count;
                    self.total_written += count as u64;
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        (self.output, self.written) = (Vec::new(), 0);
        Pin::new(&mut self.io).poll_flush(cx)
    }

    /// Tells the other side that nothing more comes, and reads on until it has gone, so that what it has
    /// sent meanwhile does not make the kernel throw away what we have told it.
    pub(crate) async fn finish(mut self) {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        if self.io.shutdown().await.is_err() {
            return;
        }
        let mut space = [0; 512];
        while matches!(self.io.read(&mut space).await, Ok(count) if count > 0) {}
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures_util::{SinkExt as _, StreamExt as _};
    use tokio::io::{AsyncWriteExt as _, DuplexStream, duplex};
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::protocol::Role;
    use tokio_tungstenite::tungstenite::protocol::frame::Frame as TheirFrame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

    use super::*;

    const MOST: usize = 100_000;

    async fn pair() -> (Socket<DuplexStream>, WebSocketStream<DuplexStream>) {
        let (ours, theirs) = duplex(1000);
        let client = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
        (Socket::new(ours, MOST), client)
    }

    async fn incoming(socket: &mut Socket<DuplexStream>) -> Result<Incoming, Broken> {
        poll_fn(|cx| socket.poll_incoming(cx)).await
    }

    async fn flush(socket: &mut Socket<DuplexStream>) {
        poll_fn(|cx| socket.poll_flush(cx)).await.unwrap();
    }

    #[tokio::test]
    async fn messages_of_all_sizes_pass_both_ways_and_leave_no_buffer_behind() {
        let (mut socket, mut client) = pair().await;
        for size in [0, 1, 125, 126, 127, 65_535, 65_536, MOST] {
            let sent = vec![7; size];
            let echo = async {
                client.send(Message::Binary(sent.clone().into())).await.unwrap();
                client.next().await.unwrap().unwrap()
            };
            let serve = async {
                let Ok(Incoming::Message(message)) = incoming(&mut socket).await else { panic!() };
                socket.push(&message);
                flush(&mut socket).await;
            };
            let (echo, ()) = tokio::join!(echo, serve);
            assert_eq!(echo.into_data(), sent);
            assert_eq!((socket.input.capacity(), socket.output.capacity()), (0, 0));
        }
    }

    #[tokio::test]
    async fn fragments_become_one_message_with_pings_between() {
        let (mut socket, mut client) = pair().await;
        let part = |bytes: &'static [u8], code, last| {
            Message::Frame(TheirFrame::message(bytes, OpCode::Data(code), last))
        };
        let send = async {
            client.send(part(b"one ", Data::Binary, false)).await.unwrap();
            client.send(Message::Ping(b"hm".as_slice().into())).await.unwrap();
            client.send(part(b"two ", Data::Continue, false)).await.unwrap();
            client.send(part(b"three", Data::Continue, true)).await.unwrap();
            client.next().await.unwrap().unwrap()
        };
        let receive = async {
            for _ in 0..3 {
                assert_eq!(incoming(&mut socket).await.unwrap(), Incoming::Sign);
            }
            flush(&mut socket).await;
            incoming(&mut socket).await.unwrap()
        };
        let (pong, message) = tokio::join!(send, receive);
        assert_eq!(pong, Message::Pong(b"hm".as_slice().into()));
        assert_eq!(message, Incoming::Message(b"one two three".to_vec()));
    }

    #[tokio::test]
    async fn fragments_may_not_add_up_to_more_than_one_message_may_have() {
        let (mut socket, mut client) = pair().await;
        let part = |code| {
            Message::Frame(TheirFrame::message(vec![0; MOST / 2 + 1], OpCode::Data(code), false))
        };
        let send = async {
            client.send(part(Data::Binary)).await.unwrap();
            client.send(part(Data::Continue)).await.unwrap();
        };
        let receive = async {
            assert_eq!(incoming(&mut socket).await.unwrap(), Incoming::Sign);
            assert!(matches!(incoming(&mut socket).await, Err(Broken::Fault(_))));
        };
        tokio::join!(send, receive);
    }

    #[tokio::test]
    async fn text_is_refused_and_a_close_is_seen() {
        let (mut socket, mut client) = pair().await;
        client.send(Message::Text("hello".into())).await.unwrap();
        assert!(matches!(incoming(&mut socket).await, Err(Broken::Fault(_))));

        let (mut socket, mut client) = pair().await;
        client.close(None).await.unwrap();
        assert_eq!(incoming(&mut socket).await.unwrap(), Incoming::Close);
        socket.push_close(4001);
        flush(&mut socket).await;
        let Some(Ok(Message::Close(Some(close)))) = client.next().await else { panic!() };
        assert_eq!(u16::from(close.code), 4001);
    }

    #[tokio::test]
    async fn an_announced_frame_takes_no_room_before_it_comes() {
        let (ours, mut theirs) = duplex(1000);
        let mut socket = Socket::new(ours, MOST);
        theirs.write_all(&[0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0x80, 0, 1, 2, 3, 4, 5]).await.unwrap();
        let waits =
            tokio::time::timeout(std::time::Duration::from_millis(20), incoming(&mut socket));
        assert!(waits.await.is_err());
        assert!(socket.input.capacity() < 64);
        drop(theirs);
        assert!(matches!(incoming(&mut socket).await, Err(Broken::Lost)));
    }
}
