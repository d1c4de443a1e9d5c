//! The task, called without a sandbox, with the pictures that lie beside it.

use crate::tasks::{Extent, Format, Problem, Thumbnail, resize};

const LANDSCAPE: &[u8] = include_bytes!("../pictures/landscape.jpg");
const BALLOON: &[u8] = include_bytes!("../pictures/balloon.png");

fn thumbnails(image: &[u8], sizes: &[u32], format: Option<Format>) -> Vec<Thumbnail> {
    resize(image.to_vec(), sizes.to_vec(), format).unwrap()
}

fn problem(image: &[u8], sizes: &[u32]) -> Problem {
    resize(image.to_vec(), sizes.to_vec(), None).unwrap_err()
}

#[test]
fn a_jpeg_becomes_jpegs_of_the_sizes_asked_for() {
    let made = thumbnails(LANDSCAPE, &[200, 64, 1], None);

    let extents: Vec<_> = made.iter().map(|made| (made.width, made.height)).collect();
    assert_eq!(extents, [(200, 125), (64, 40), (1, 1)]);
    for thumbnail in made {
        let decoded = image::load_from_memory(&thumbnail.image).unwrap();
        assert_eq!(
            image::guess_format(&thumbnail.image).unwrap(),
            image::ImageFormat::Jpeg
        );
        assert_eq!(
            (decoded.width(), decoded.height()),
            (thumbnail.width, thumbnail.height)
        );
    }
}

#[test]
fn a_png_keeps_its_transparency() {
    let made = thumbnails(BALLOON, &[32], None);

    let decoded = image::load_from_memory(&made[0].image).unwrap().to_rgba8();
    assert_eq!(decoded.get_pixel(0, 0).0[3], 0);
    assert_eq!(
        decoded
            .get_pixel(decoded.width() / 2, decoded.height() / 3)
            .0[3],
        255
    );
}

#[test]
fn white_shines_through_where_a_png_becomes_a_jpeg() {
    let made = thumbnails(BALLOON, &[32], Some(Format::Jpeg));

    let decoded = image::load_from_memory(&made[0].image).unwrap().to_rgb8();
    assert!(
        decoded
            .get_pixel(0, 0)
            .0
            .iter()
            .all(|&channel| channel > 240)
    );
}

#[test]
fn a_picture_is_never_made_larger() {
    let made = thumbnails(BALLOON, &[4096], None);

    let original = image::load_from_memory(BALLOON).unwrap();
    assert_eq!(
        (made[0].width, made[0].height),
        (original.width(), original.height())
    );
}

#[test]
fn sizes_that_nothing_can_be_made_of_are_refused() {
    assert_eq!(problem(BALLOON, &[]), Problem::NoSizes);
    assert_eq!(problem(BALLOON, &[32, 0]), Problem::SizeOutOfRange(0));
    assert_eq!(problem(BALLOON, &[4097]), Problem::SizeOutOfRange(4097));
    assert_eq!(problem(BALLOON, &[8; 17]), Problem::TooManySizes(17));
}

#[test]
fn bytes_that_are_no_picture_are_refused() {
    assert_eq!(problem(b"", &[32]), Problem::Unsupported);
    assert_eq!(problem(b"GIF89a", &[32]), Problem::Unsupported);
}

#[test]
fn a_picture_that_breaks_off_is_refused() {
    let problem = problem(&BALLOON[..BALLOON.len() / 2], &[32]);

    assert!(matches!(problem, Problem::Broken(_)), "{problem:?}");
}

#[test]
fn a_picture_that_would_fill_the_sandbox_is_refused_by_its_header() {
    let mut bomb = BALLOON.to_vec();
    let header = &mut bomb[12..29];
    header[4..8].copy_from_slice(&50_000_u32.to_be_bytes());
    header[8..12].copy_from_slice(&40_000_u32.to_be_bytes());
    let checksum = crc32(header);
    bomb[29..33].copy_from_slice(&checksum.to_be_bytes());

    let expected = Extent {
        width: 50_000,
        height: 40_000,
        bytes: 8_000_000_000,
    };
    assert_eq!(problem(&bomb, &[32]), Problem::TooLarge(expected));
}

/// The checksum of a PNG chunk.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xEDB8_8320
            } else {
                crc >> 1
            };
        }
    }
    !crc
}
