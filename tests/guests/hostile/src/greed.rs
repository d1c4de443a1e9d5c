//! Tasks that want more than they are given: memory, stack, output.

use std::hint::black_box;
use std::io::Write;

const MIB: usize = 1024 * 1024;

/// Allocates a mebibyte after another, and writes to each, so that none is only promised.
pub fn grab_memory() {
    let mut hoard = Vec::new();
    loop {
        hoard.push(vec![1_u8; MIB]);
        black_box(&hoard);
    }
}

/// Calls itself with a frame that cannot be left out: its address escapes, and it is needed after
/// the call.
#[inline(never)]
pub fn recurse(depth: u64) -> u64 {
    if depth == u64::MAX {
        return 0;
    }
    let mut frame = [depth; 16];
    black_box(&mut frame);
    let below = recurse(black_box(depth + 1));
    black_box(&mut frame);
    below + frame[0]
}

/// Prints so many bytes, in lines of 64.
pub fn print(bytes: u64) {
    let line = *b"...............................................................\n";
    let mut out = std::io::stdout().lock();
    let mut left = bytes;
    while left > 0 {
        let length = left.min(line.len() as u64);
        // A host that takes no more output is a thing to go on from.
        if out.write_all(&line[..length as usize]).is_err() {
            return;
        }
        left -= length;
    }
    // As above.
    out.flush().unwrap_or_default();
}
