//! The control channel into the Dom0: requests and answers over a virtio serial port, framed as `dom0/agent.py` reads them.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// What a script in the Dom0 gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its exit status; 124 when it ran out of time, 128 and the signal's number when it was killed.
    pub status: i32,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    pub fn error_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

/// What to do in the Dom0.
#[derive(Debug, Clone, Copy)]
pub enum Request<'a> {
    /// Run this bash script.
    Run(&'a str),
    /// Write a file: path, bytes.
    Put(&'a str, &'a [u8]),
}

/// The bytes of request `number` with `seconds` to answer.
pub fn encode(number: u64, seconds: u64, request: Request<'_>) -> Vec<u8> {
    let (kind, argument, body) = match request {
        Request::Run(script) => ("run", "", script.as_bytes()),
        Request::Put(path, bytes) => ("put", path, bytes),
    };
    let mut bytes = format!(
        "domus1 {number} {kind} {seconds} {} {}\n",
        argument.len(),
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(argument.as_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// One answer at the front of `buffer`, with its request's number, and how many bytes it took; `None` while it
/// is incomplete. Lines that are no header (noise of a port that was just opened) are skipped.
pub fn decode(buffer: &[u8]) -> Option<(u64, Output, usize)> {
    let mut start = 0;
    loop {
        let end = start
            + buffer
                .get(start..)?
                .iter()
                .position(|&byte| byte == b'\n')?;
        let Some((number, status, out, err)) = header(buffer.get(start..end)?) else {
            start = end + 1;
            continue;
        };
        let body = end + 1;
        let stdout = buffer.get(body..body + out)?.to_vec();
        let stderr = buffer.get(body + out..body + out + err)?.to_vec();
        return Some((
            number,
            Output {
                status,
                stdout,
                stderr,
            },
            body + out + err,
        ));
    }
}

fn header(line: &[u8]) -> Option<(u64, i32, usize, usize)> {
    let mut words = std::str::from_utf8(line)
        .ok()?
        .strip_prefix("domus1 ")?
        .split(' ');
    let number = words.next()?.parse().ok()?;
    let status = words.next()?.parse().ok()?;
    let out = words.next()?.parse().ok()?;
    let err = words.next()?.parse().ok()?;
    words.next().is_none().then_some((number, status, out, err))
}

/// A connection to the agent.
pub struct Agent {
    stream: UnixStream,
    buffer: Vec<u8>,
    number: u64,
}

impl Agent {
    /// Connects to QEMU's end of the port. The agent itself is there once [`Agent::greeting`] returned.
    ///
    /// # Errors
    /// The socket cannot be connected to.
    pub fn connect(socket: &Path) -> Result<Self> {
        let stream = UnixStream::connect(socket)
            .with_context(|| format!("cannot connect to {}", socket.display()))?;
        Ok(Self {
            stream,
            buffer: Vec::new(),
            number: 0,
        })
    }

    /// Waits until the agent in the Dom0 says that it is up.
    ///
    /// # Errors
    /// It did not within `patience`, or the connection ended.
    pub fn greeting(&mut self, patience: Duration) -> Result<()> {
        self.answer(0, patience).map(|_| ())
    }

    /// Asks for one thing and waits for the answer.
    ///
    /// # Errors
    /// No answer within `patience` and some seconds, or the connection ended (the Dom0 is gone).
    pub fn ask(&mut self, request: Request<'_>, patience: Duration) -> Result<Output> {
        self.number += 1;
        let bytes = encode(self.number, patience.as_secs().max(1), request);
        self.stream
            .set_write_timeout(Some(Duration::from_secs(60)))?;
        self.stream
            .write_all(&bytes)
            .context("the Dom0 takes no commands any more")?;
        self.answer(self.number, patience + Duration::from_secs(20))
    }

    fn answer(&mut self, number: u64, patience: Duration) -> Result<Output> {
        let deadline = Instant::now() + patience;
        let mut chunk = vec![0; 65536];
        loop {
            while let Some((found, output, taken)) = decode(&self.buffer) {
                self.buffer.drain(..taken);
                if found == number {
                    return Ok(output);
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                bail!("no answer from the Dom0 within {} s", patience.as_secs());
            }
            self.stream.set_read_timeout(Some(left))?;
            match self.stream.read(&mut chunk) {
                Ok(0) => bail!("the Dom0 is gone"),
                Ok(length) => self
                    .buffer
                    .extend_from_slice(chunk.get(..length).unwrap_or_default()),
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) => {}
                Err(error) => return Err(error).context("the connection to the Dom0 broke"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_say_their_lengths() {
        assert_eq!(
            encode(7, 30, Request::Run("xl list\n")),
            b"domus1 7 run 30 0 8\nxl list\n"
        );
        assert_eq!(
            encode(8, 1, Request::Put("/a", b"\0\n")),
            b"domus1 8 put 1 2 2\n/a\0\n"
        );
    }

    #[test]
    fn an_answer_is_read_whole_or_not_at_all() {
        let bytes = b"domus1 7 2 3 4\nout\n\xff!\n";
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length]), None);
        }
        let (number, output, taken) = decode(bytes).unwrap();
        assert_eq!((number, output.status, taken), (7, 2, bytes.len()));
        assert_eq!(
            (output.stdout.as_slice(), output.stderr.as_slice()),
            (&b"out"[..], &b"\n\xff!\n"[..])
        );
    }

    #[test]
    fn noise_before_an_answer_is_skipped() {
        let bytes = b"[    1.2] hello\ndomus1 x\ndomus1 1 0 2 0\nok";
        let (number, output, taken) = decode(bytes).unwrap();
        assert_eq!(
            (number, output.text().as_str(), taken),
            (1, "ok", bytes.len())
        );
    }

    #[test]
    fn two_answers_in_one_buffer_are_two() {
        let bytes = b"domus1 1 0 1 0\nadomus1 2 0 1 0\nb";
        let (_, _, taken) = decode(bytes).unwrap();
        let (number, output, _) = decode(&bytes[taken..]).unwrap();
        assert_eq!((number, output.text().as_str()), (2, "b"));
    }
}
