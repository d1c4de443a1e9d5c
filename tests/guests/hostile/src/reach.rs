//! Tasks that reach for what lies outside: files, network, another attempt's memory.

use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};

use windlass_guest_http as http;

/// How much of a body is returned.
const BODY_BYTES: usize = 256;

static LEFT_BEHIND: AtomicU32 = AtomicU32::new(0);

/// The names of the files at the root.
pub fn list_files() -> Result<Vec<String>, String> {
    let entries = std::fs::read_dir("/").map_err(|error| error.to_string())?;
    let name = |entry: std::io::Result<std::fs::DirEntry>| match entry {
        Ok(entry) => Ok(entry.file_name().to_string_lossy().into_owned()),
        Err(error) => Err(error.to_string()),
    };
    entries.map(name).collect()
}

/// Opens a TCP connection.
pub fn connect(address: &str) -> Result<String, String> {
    let stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
    let peer = stream.peer_addr().map_err(|error| error.to_string())?;
    Ok(format!("connected to {peer}"))
}

/// The status and the beginning of the body.
pub fn fetch(url: &str) -> Result<String, String> {
    let response = http::get(url).map_err(|error| error.to_string())?;
    let beginning = &response.body[..response.body.len().min(BODY_BYTES)];
    Ok(format!(
        "{} {}",
        response.status,
        String::from_utf8_lossy(beginning)
    ))
}

/// What was left behind before, which must be nothing.
pub fn touch_static(value: u32) -> u32 {
    LEFT_BEHIND.swap(value, Ordering::SeqCst)
}
