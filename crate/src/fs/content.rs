//! What a file holds on its disk before anybody writes.

/// The initial bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Zeros.
    Zeros,
    /// These bytes, then zeros.
    Bytes(Vec<u8>),
    /// A pattern that names the file and the page: byte `x` is `(x/4096)*7 + k + 1` in the first 64
    /// bytes of each page and 0x90 elsewhere, where `k` hashes the name.
    Pattern {
        /// The name to hash.
        name: String,
    },
}

impl Content {
    /// Fills a buffer with the bytes from `offset` on.
    pub fn read(&self, offset: u64, into: &mut [u8]) {
        match self {
            Self::Zeros => into.fill(0),
            Self::Bytes(bytes) => {
                for (i, byte) in into.iter_mut().enumerate() {
                    *byte = bytes.get(offset as usize + i).copied().unwrap_or(0);
                }
            }
            Self::Pattern { name } => {
                let key = name.bytes().fold(0i32, |k, c| k.wrapping_mul(31).wrapping_add(c as i32));
                for (i, byte) in into.iter_mut().enumerate() {
                    *byte = pattern_byte(key, offset + i as u64);
                }
            }
        }
    }
}

fn pattern_byte(key: i32, x: u64) -> u8 {
    if x & 4095 >= 64 {
        return 0x90;
    }
    ((x >> 12) as i32).wrapping_mul(7).wrapping_add(key).wrapping_add(1) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_tells_pages_apart() {
        let content = Content::Pattern { name: "f2".into() };
        let mut page = [0; 65];
        content.read(5 * 4096, &mut page);
        let key = i32::from(b'f') * 31 + i32::from(b'2');
        assert_eq!((page[0], page[64]), ((5 * 7 + key + 1) as u8, 0x90));
    }
}
