//! Many connections in one thread: sockets that never block, and one epoll that says which have news.
//!
//! The generator shares the machine's cores with the server, so every instruction here is taken from it: there
//! are no tasks, no timers and no locks, and a connection costs a read and a write for what it does.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, sockopt};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

/// Bytes that one read takes at most.
const READ_BYTES: usize = 64 * 1024;
/// Events that one look takes at most.
const EVENTS: usize = 1024;
/// The clock's place among the connections' numbers.
const CLOCK: u64 = u64::MAX;
/// Connections from one address: a system has about 28,000 ports for it.
const PER_SOURCE: usize = 5000;

/// A connection's number.
pub(crate) type Id = usize;

/// The connections of this process.
pub(crate) struct Net {
    epoll: std::os::fd::OwnedFd,
    clock: Option<std::os::fd::OwnedFd>,
    links: Vec<Option<Link>>,
    free: Vec<Id>,
    events: Vec<Event>,
    space: Vec<u8>,
    made: usize,
}

struct Link {
    stream: TcpStream,
    input: Vec<u8>,
    /// How many of `input` are done with.
    taken: usize,
    output: Vec<u8>,
    /// The other side has closed, or the connection broke.
    ended: bool,
}

impl Net {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            clock: None,
            links: Vec::new(),
            free: Vec::new(),
            events: Vec::with_capacity(EVENTS),
            space: vec![0; READ_BYTES],
            made: 0,
        })
    }

    /// Opens a connection. Their sources are spread over addresses, so that ports suffice for any number.
    pub(crate) fn connect(&mut self, to: SocketAddr) -> anyhow::Result<Id> {
        let flags = SocketFlags::CLOEXEC;
        let socket = rustix::net::socket_with(
            AddressFamily::INET,
            SocketType::STREAM,
            flags,
            Some(ipproto::TCP),
        )
        .context("no more sockets: see `ulimit -n`")?;
        sockopt::set_tcp_nodelay(&socket, true)?;
        if self.made >= PER_SOURCE {
            let host = u8::try_from(self.made / PER_SOURCE % 200).unwrap_or(0) + 2;
            rustix::net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::new(127, 0, 1, host), 0))?;
        }
        self.made += 1;
        // On this machine's own addresses that is over at once.
        rustix::net::connect(&socket, &to)?;
        let stream = TcpStream::from(socket);
        stream.set_nonblocking(true)?;
        let id = self.free.pop().unwrap_or_else(|| {
            self.links.push(None);
            self.links.len() - 1
        });
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        epoll::add(&self.epoll, stream.as_fd(), EventData::new_u64(id as u64), flags)?;
        let (input, output) = (Vec::new(), Vec::new());
        self.links[id] = Some(Link { stream, input, taken: 0, output, ended: false });
        Ok(id)
    }

    /// Closes a connection.
    pub(crate) fn close(&mut self, id: Id) {
        if self.links[id].take().is_some() {
            self.free.push(id);
        }
    }

    /// Has [`Net::wait`] return every so often, whatever else happens.
    pub(crate) fn tick_every(&mut self, span: Duration) -> anyhow::Result<()> {
        let clock = if let Some(clock) = self.clock.take() {
            clock
        } else {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let clock = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            let data = EventData::new_u64(CLOCK);
            epoll::add(&self.epoll, &clock, data, EventFlags::IN | EventFlags::ET)?;
            clock
        };
        let span = Timespec::try_from(span)?;
        let times = Itimerspec { it_interval: span, it_value: span };
        timerfd_settime(&clock, TimerfdTimerFlags::empty(), &times)?;
        self.clock = Some(clock);
        Ok(())
    }

    /// Waits until something has come, a tick of the clock at most, or `most`; reads all of it, and says
    /// into `ready` whose it is.
    pub(crate) fn wait(&mut self, most: Duration, ready: &mut Vec<Id>) -> anyhow::Result<()> {
        ready.clear();
        let until = Instant::now() + most;
        let most = Timespec::try_from(most)?;
        loop {
            self.events.clear();
            match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&most)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let mut tick = false;
            for event in &self.events {
                // The kernel packs its events: their fields have no address of their own.
                let (number, flags) = (event.data, event.flags);
                tick |= number.u64() == CLOCK;
                let Ok(id) = Id::try_from(number.u64()) else { continue };
                let Some(link) = self.links.get_mut(id).and_then(Option::as_mut) else { continue };
                link.write();
                if link.read(&mut self.space, flags.contains(EventFlags::RDHUP)) {
                    ready.push(id);
                }
            }
            // Otherwise there was only room to write.
            if tick || !ready.is_empty() || Instant::now() >= until {
                return Ok(());
            }
        }
    }

    /// Sends bytes: at once as far as there is room, the rest as soon as there is.
    pub(crate) fn send(&mut self, id: Id, bytes: &[u8]) {
        let Some(link) = self.links.get_mut(id).and_then(Option::as_mut) else { return };
        let sent = if link.output.is_empty() { link.write_some(bytes) } else { 0 };
        if sent < bytes.len() {
            link.output.extend_from_slice(&bytes[sent..]);
        }
    }

    /// What has come and was not taken yet.
    pub(crate) fn input(&self, id: Id) -> &[u8] {
        self.links.get(id).and_then(Option::as_ref).map_or(&[], |link| &link.input[link.taken..])
    }

    /// Takes the first bytes of the input.
    pub(crate) fn take(&mut self, id: Id, count: usize) {
        let Some(link) = self.links.get_mut(id).and_then(Option::as_mut) else { return };
        link.taken += count;
        if link.taken >= link.input.len() {
            link.input.clear();
            link.taken = 0;
        }
    }

    /// Whether the connection has ended; what came before can still be taken.
    pub(crate) fn has_ended(&self, id: Id) -> bool {
        self.links.get(id).and_then(Option::as_ref).is_none_or(|link| link.ended)
    }
}

impl Link {
    /// Reads all there is; tells whether anything came, the end included.
    fn read(&mut self, space: &mut [u8], closes: bool) -> bool {
        let mut came = false;
        while !self.ended {
            match self.stream.read(space) {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    if self.taken > 0 {
                        self.input.drain(..self.taken);
                        self.taken = 0;
                    }
                    self.input.extend_from_slice(&space[..count]);
                    came = true;
                    if count < space.len() && !closes {
                        // Less than asked for: the rest, if any, is told by another event.
                        return true;
                    }
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return came,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => self.ended = true,
            }
            came = true;
        }
        came
    }

    fn write(&mut self) {
        if self.output.is_empty() {
            return;
        }
        let output = std::mem::take(&mut self.output);
        let sent = self.write_some(&output);
        self.output = output;
        self.output.drain(..sent);
    }

    fn write_some(&mut self, bytes: &[u8]) -> usize {
        let mut sent = 0;
        while sent < bytes.len() {
            match self.stream.write(&bytes[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {
                    self.ended = true;
                    return bytes.len();
                }
            }
        }
        sent
    }
}
