//! Photographs of a QR code, computed: the same ones from the same seed.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{GrayImage, ImageFormat, Luma};
use qrcode::{Color, QrCode};

/// `SplitMix64` (Steele, Lea, Flood 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// From 0 up to 1.
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from((mixed >> 32) as u32) / f64::from(u32::MAX)
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Any angle, in radians.
    fn angle(&mut self) -> f64 {
        self.between(0.0, std::f64::consts::TAU)
    }

    /// Of a normal distribution (Box and Muller).
    fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().max(1e-9).ln()).sqrt() * self.angle().cos()
    }
}

/// What the camera, the light and the paper do.
#[derive(Clone)]
struct Shot {
    /// Pixels.
    size: (u32, u32),
    /// Pixels of a module.
    module: f64,
    /// Radians.
    turn: f64,
    /// How much smaller the far end is, across and along.
    tilt: (f64, f64),
    /// Of paper around a pole.
    bend: f64,
    /// Where the code is, as shares of the size.
    place: (f64, f64),
    /// Standard deviation in modules.
    blur: f64,
    /// Standard deviation in steps of grey.
    noise: f64,
    /// The ink and the paper, in steps of grey.
    ink: f64,
    paper: f64,
    /// How much light is lost from one end of the picture to the other, and in which direction.
    fading: (f64, f64),
    /// What is left of the light in a shadow with a hard edge.
    shadow: f64,
    /// The quality of the file.
    jpeg: Option<u8>,
    inverted: bool,
    /// With lines of print around the code.
    print: bool,
}

/// Six pixels a module, straight, sharp and in good light.
const GOOD: Shot = Shot {
    size: (1_280, 960),
    module: 6.0,
    turn: 0.0,
    tilt: (0.0, 0.0),
    bend: 0.0,
    place: (0.5, 0.5),
    blur: 0.0,
    noise: 0.0,
    ink: 20.0,
    paper: 240.0,
    fading: (0.0, 0.0),
    shadow: 1.0,
    jpeg: None,
    inverted: false,
    print: false,
};

/// A kind of photograph.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    shot: fn(&mut Random) -> Shot,
}

impl Group {
    /// One of its photographs.
    pub(crate) fn photograph(&self, code: &QrCode, seed: u64) -> GrayImage {
        let mut random = Random(seed);
        let shot = (self.shot)(&mut random);
        take(code, &shot, &mut random)
    }
}

/// Every kind, the easy ones first.
pub(crate) const GROUPS: &[Group] = &[
    Group { name: "straight", shot: |r| Shot { module: r.between(3.0, 9.0), ..GOOD } },
    Group { name: "turned", shot: |r| Shot { module: r.between(4.0, 7.0), turn: r.angle(), ..GOOD } },
    Group {
        name: "perspective",
        shot: |r| Shot {
            turn: r.between(-0.4, 0.4),
            tilt: (r.between(-0.5, 0.5), r.between(-0.5, 0.5)),
            ..GOOD
        },
    },
    Group {
        name: "bent paper",
        shot: |r| Shot { bend: r.between(-0.15, 0.15), turn: r.between(-0.2, 0.2), ..GOOD },
    },
    Group {
        name: "out of focus",
        shot: |r| Shot { blur: r.between(0.2, 0.6), turn: r.between(-0.3, 0.3), ..GOOD },
    },
    Group {
        name: "noise",
        shot: |r| Shot {
            noise: r.between(15.0, 50.0),
            turn: r.between(-0.3, 0.3),
            ink: 50.0,
            paper: 190.0,
            ..GOOD
        },
    },
    Group {
        name: "low contrast",
        shot: |r| {
            let ink = r.between(80.0, 120.0);
            Shot { ink, paper: ink + r.between(12.0, 40.0), noise: 2.0, turn: r.between(-0.3, 0.3), ..GOOD }
        },
    },
    Group {
        name: "uneven light",
        shot: |r| Shot {
            fading: (r.between(0.6, 0.9), r.angle()),
            noise: 3.0,
            turn: r.between(-0.3, 0.3),
            ..GOOD
        },
    },
    Group {
        name: "hard shadow",
        shot: |r| Shot {
            shadow: r.between(0.25, 0.5),
            fading: (0.1, r.angle()),
            noise: 3.0,
            turn: r.between(-0.3, 0.3),
            ..GOOD
        },
    },
    Group {
        name: "poor JPEG",
        shot: |r| Shot {
            jpeg: Some(r.between(8.0, 30.0) as u8),
            module: r.between(3.0, 5.0),
            turn: r.between(-0.3, 0.3),
            noise: 4.0,
            ..GOOD
        },
    },
    Group {
        name: "dark screen",
        shot: |r| Shot {
            inverted: true,
            module: r.between(3.0, 7.0),
            turn: r.between(-0.3, 0.3),
            noise: 4.0,
            ..GOOD
        },
    },
    Group {
        name: "two pixels a module",
        shot: |r| Shot { module: r.between(1.8, 2.8), turn: r.between(-0.1, 0.1), noise: 2.0, ..GOOD },
    },
    Group { name: "A4 at 200 dpi, code of 3 cm", shot: |r| scan(r, 200.0) },
    Group { name: "A4 at 300 dpi, code of 3 cm", shot: |r| scan(r, 300.0) },
    Group {
        name: "photograph of 7 megapixels",
        shot: |r| Shot {
            size: (3_000, 2_250),
            module: r.between(6.0, 14.0),
            turn: r.angle(),
            tilt: (r.between(-0.3, 0.3), r.between(-0.3, 0.3)),
            noise: 12.0,
            blur: r.between(0.1, 0.4),
            fading: (0.4, r.angle()),
            jpeg: Some(80),
            ..GOOD
        },
    },
    Group {
        name: "all at once",
        shot: |r| {
            let ink = r.between(30.0, 80.0);
            Shot {
                module: r.between(4.0, 7.0),
                turn: r.angle(),
                tilt: (r.between(-0.3, 0.3), r.between(-0.3, 0.3)),
                bend: r.between(-0.08, 0.08),
                blur: r.between(0.15, 0.45),
                noise: r.between(4.0, 14.0),
                ink,
                paper: ink + r.between(70.0, 140.0),
                fading: (r.between(0.2, 0.5), r.angle()),
                jpeg: Some(r.between(40.0, 80.0) as u8),
                ..GOOD
            }
        },
    },
];

/// A scanned page of A4 with a code of 65 modules (version 12).
fn scan(random: &mut Random, dots_per_inch: f64) -> Shot {
    let pixels = |millimetres: f64| millimetres / 25.4 * dots_per_inch;
    Shot {
        size: (pixels(210.0) as u32, pixels(297.0) as u32),
        module: pixels(30.0) / 65.0,
        place: (random.between(0.2, 0.8), random.between(0.2, 0.8)),
        turn: random.between(-0.03, 0.03),
        noise: 5.0,
        blur: 0.2,
        jpeg: Some(75),
        print: true,
        ..GOOD
    }
}

fn take(code: &QrCode, shot: &Shot, random: &mut Random) -> GrayImage {
    let (width, height) = shot.size;
    let seed = random.0;
    let mut light: Vec<f64> = Vec::with_capacity((width * height) as usize);
    for y in 0..height {
        for x in 0..width {
            // Four points of each pixel.
            let points = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)];
            let sum: f64 = points
                .iter()
                .map(|(right, down)| scene(code, shot, f64::from(x) + right, f64::from(y) + down, seed))
                .sum();
            light.push(if shot.inverted { 1.0 - sum / 4.0 } else { sum / 4.0 });
        }
    }
    blur(&mut light, width as usize, shot.blur * shot.module);

    let (sin, cos) = shot.fading.1.sin_cos();
    let edge = random.between(-0.15, 0.15);
    let mut picture = GrayImage::from_fn(width, height, |x, y| {
        let across =
            (f64::from(x) / f64::from(width) - 0.5) * cos + (f64::from(y) / f64::from(height) - 0.5) * sin;
        let shade = if across > edge { shot.shadow } else { 1.0 };
        let lamp = (1.0 - shot.fading.0 * (across + 0.5).clamp(0.0, 1.0)) * shade;
        let grey = (shot.ink + (shot.paper - shot.ink) * light[(y * width + x) as usize]) * lamp;
        let noise = if shot.noise > 0.0 { random.normal() * shot.noise } else { 0.0 };
        Luma([(grey + noise).clamp(0.0, 255.0) as u8])
    });
    if let Some(quality) = shot.jpeg {
        let mut file = Cursor::new(Vec::new());
        JpegEncoder::new_with_quality(&mut file, quality).encode_image(&picture).expect("a JPEG file");
        let read = image::load_from_memory_with_format(file.get_ref(), ImageFormat::Jpeg);
        picture = read.expect("the same file").into_luma8();
    }
    picture
}

/// How bright a point of the picture is: 0 is ink, 1 is paper.
fn scene(code: &QrCode, shot: &Shot, x: f64, y: f64, seed: u64) -> f64 {
    let modules = code.width() as f64;
    let across = (x - shot.place.0 * f64::from(shot.size.0)) / shot.module;
    let along = (y - shot.place.1 * f64::from(shot.size.1)) / shot.module;
    let distance = 1.0 - (shot.tilt.0 * across + shot.tilt.1 * along) / modules;
    if distance < 0.05 {
        return TABLE;
    }
    let (sin, cos) = shot.turn.sin_cos();
    let (across, along) = (across / distance, along / distance);
    let (right, down) = (across * cos + along * sin, along * cos - across * sin);
    let right = right + shot.bend * right * right / modules + modules / 2.0;
    let down = down + modules / 2.0;
    let within =
        |edge: f64| (-edge..modules + edge).contains(&right) && (-edge..modules + edge).contains(&down);
    if within(0.0) {
        return if code[(right as usize, down as usize)] == Color::Dark { 0.0 } else { 1.0 };
    }
    match (within(4.0), shot.print) {
        (true, _) => 1.0,
        (false, true) => print(x, y, f64::from(shot.size.0) / 90.0, seed),
        (false, false) => TABLE,
    }
}

/// What the paper lies on.
const TABLE: f64 = 0.85;

/// Lines of strokes that look like print, `size` pixels high.
fn print(x: f64, y: f64, size: f64, seed: u64) -> f64 {
    let (letter, line) = ((x / (size * 0.8)) as u64, (y / (size * 2.0)) as u64);
    let (right, down) = ((x / (size * 0.8)).fract(), (y / size) - line as f64 * 2.0);
    let mut random = Random(seed ^ (letter << 20) ^ line);
    if down > 1.0 || random.unit() < 0.15 {
        return 1.0;
    }
    let stroke = |at: f64, place: f64| (place - at).abs() < 0.1;
    let (upright, level) = (random.unit(), random.unit());
    if stroke(upright, right) || stroke(level, down) { 0.0 } else { 1.0 }
}

/// A Gaussian blur, along and across. `deviation` is in pixels.
fn blur(light: &mut [f64], width: usize, deviation: f64) {
    if deviation < 0.05 {
        return;
    }
    let reach = (deviation * 3.0).ceil() as usize;
    let weight = |at: usize| (-(at as f64 - reach as f64).powi(2) / (2.0 * deviation * deviation)).exp();
    let weights: Vec<f64> = (0..=2 * reach).map(weight).collect();
    let sum: f64 = weights.iter().sum();
    let height = light.len() / width;
    for (step, length, line_step, lines) in [(1, width, width, height), (width, height, 1, width)] {
        let before = light.to_vec();
        for line in 0..lines {
            for at in 0..length {
                let near = |tap: usize| (at + tap).saturating_sub(reach).min(length - 1);
                let taps = weights.iter().enumerate();
                let blurred: f64 =
                    taps.map(|(tap, weight)| weight * before[line * line_step + near(tap) * step]).sum();
                light[line * line_step + at * step] = blurred / sum;
            }
        }
    }
}
