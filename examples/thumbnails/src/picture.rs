//! Decoding, scaling and encoding, with the limits that are checked before each.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Rgba, RgbaImage};

use crate::tasks::{Extent, Format, Problem, Thumbnail};

/// Half the memory of a sandbox: the encoded picture and the thumbnails need room beside the pixels.
const MAX_DECODED_BYTES: u64 = 64 * 1024 * 1024;

/// Thumbnails beyond this are no thumbnails.
const MAX_SIZE_PIXELS: u32 = 4096;

/// Every thumbnail is kept until all are made.
const MAX_SIZES: usize = 16;

const JPEG_QUALITY: u8 = 85;

/// Refuses sizes that nothing could be made of.
pub fn check_sizes(sizes: &[u32]) -> Result<(), Problem> {
    if sizes.is_empty() {
        return Err(Problem::NoSizes);
    }
    if sizes.len() > MAX_SIZES {
        return Err(Problem::TooManySizes(sizes.len() as u32));
    }
    match sizes
        .iter()
        .find(|&&size| size == 0 || size > MAX_SIZE_PIXELS)
    {
        Some(&size) => Err(Problem::SizeOutOfRange(size)),
        None => Ok(()),
    }
}

/// The pixels of a picture, and how it was encoded.
pub fn decode(bytes: &[u8]) -> Result<(DynamicImage, Format), Problem> {
    let (image_format, format) = match image::guess_format(bytes) {
        Ok(ImageFormat::Png) => (ImageFormat::Png, Format::Png),
        Ok(ImageFormat::Jpeg) => (ImageFormat::Jpeg, Format::Jpeg),
        _ => return Err(Problem::Unsupported),
    };
    let reader = ImageReader::with_format(Cursor::new(bytes), image_format);
    let decoder = reader.into_decoder().map_err(broken)?;
    let ((width, height), bytes) = (decoder.dimensions(), decoder.total_bytes());
    if bytes > MAX_DECODED_BYTES {
        return Err(Problem::TooLarge(Extent {
            width,
            height,
            bytes,
        }));
    }
    let picture = DynamicImage::from_decoder(decoder).map_err(broken)?;
    Ok((picture, format))
}

/// A picture of which the longer side has at most `size` pixels.
pub fn thumbnail(source: &DynamicImage, size: u32, format: Format) -> Result<Thumbnail, Problem> {
    let size = size.min(source.width().max(source.height()));
    let small = source.thumbnail(size, size);
    let mut image = Vec::new();
    match format {
        Format::Png => small.write_to(&mut Cursor::new(&mut image), ImageFormat::Png),
        Format::Jpeg => {
            let opaque = on_white(small.to_rgba8());
            JpegEncoder::new_with_quality(&mut image, JPEG_QUALITY).encode_image(&opaque)
        }
    }
    .map_err(broken)?;
    Ok(Thumbnail {
        width: small.width(),
        height: small.height(),
        format,
        image,
    })
}

/// JPEG knows no transparency: what shines through is white.
fn on_white(picture: RgbaImage) -> DynamicImage {
    let mut picture = picture;
    for Rgba([red, green, blue, alpha]) in picture.pixels_mut() {
        for channel in [red, green, blue] {
            let (value, alpha) = (u32::from(*channel), u32::from(*alpha));
            // At most 255, so nothing is cut off.
            *channel = ((value * alpha + 255 * (255 - alpha)) / 255) as u8;
        }
    }
    DynamicImage::ImageRgba8(picture).to_rgb8().into()
}

fn broken(error: image::ImageError) -> Problem {
    Problem::Broken(error.to_string())
}
