//! Thumbnails of pictures that strangers send.
//!
//! Decoding the bytes of strangers is what a sandbox is for: whatever a broken file makes of the
//! decoder, it happens to this one attempt. Still, what can be told beforehand is told as an error
//! with a type: a picture's size is read from its header before any pixel is decoded.

mod picture;

/// Pictures in other sizes.
#[windlass_guest::tasks(package = "demo:thumbnails@0.1.0", interface = "tasks")]
pub mod tasks {
    use crate::picture;

    /// How a picture is encoded.
    pub enum Format {
        Png,
        Jpeg,
    }

    /// A picture in one of the sizes that were asked for.
    #[derive(PartialEq)]
    pub struct Thumbnail {
        pub width: u32,
        pub height: u32,
        pub format: Format,
        /// The encoded picture.
        pub image: Vec<u8>,
    }

    /// What a picture measures, as its header has it.
    #[derive(PartialEq)]
    pub struct Extent {
        pub width: u32,
        pub height: u32,
        /// What its pixels take in memory.
        pub bytes: u64,
    }

    /// Why there are no thumbnails.
    #[derive(PartialEq)]
    pub enum Problem {
        /// No size was given.
        NoSizes,
        /// More than 16 sizes were given: how many.
        TooManySizes(u32),
        /// A size is not between 1 and 4096 pixels: which.
        SizeOutOfRange(u32),
        /// The bytes are neither a PNG nor a JPEG.
        Unsupported,
        /// The decoder gave up, and says why.
        Broken(String),
        /// The picture takes more than 64 MiB of memory.
        TooLarge(Extent),
    }

    /// Makes a thumbnail for each size, in the order of the sizes.
    ///
    /// A size is the length of the longer side in pixels; the other side follows, so that the
    /// picture keeps its shape. A picture is never made larger. Without a format the thumbnails
    /// have the picture's own. Where a picture that can be seen through becomes a JPEG, white
    /// shines through.
    pub fn resize(
        image: Vec<u8>,
        sizes: Vec<u32>,
        format: Option<Format>,
    ) -> Result<Vec<Thumbnail>, Problem> {
        picture::check_sizes(&sizes)?;
        let (source, source_format) = picture::decode(&image)?;
        let format = format.unwrap_or(source_format);
        let mut thumbnails = Vec::new();
        for (done, &size) in sizes.iter().enumerate() {
            windlass_guest::progress(done as u64, sizes.len() as u64, "thumbnails");
            thumbnails.push(picture::thumbnail(&source, size, format)?);
        }
        Ok(thumbnails)
    }
}

#[cfg(test)]
mod tests;
