//! The picture as SVG. Colors are attributes for programs that know no style sheets, and variables for
//! those that do: so a page gives the picture its own, and a file follows the reader's.

use std::fmt::Write as _;

use super::{
    Curve, Dot, Picture, Summit,
    axis::{Axis, short},
};
use crate::html::escape;

const WIDTH: f64 = 780.0;
const HEIGHT: f64 = 450.0;
const LEFT: f64 = 66.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 86.0;
const BOTTOM: f64 = 52.0;

/// The least distance of words from the picture's edge.
const EDGE: f64 = 10.0;

/// A longer title would leave the picture.
const TITLE_CHARS: usize = 84;

/// Names of sizes nearer than that would touch.
const ROOM: f64 = 26.0;

/// Of each curve, by how well it fits.
const STROKES: [(&str, &str, &str); 3] = [
    ("blue", "#2f6fde", "stroke-width=\"2.6\""),
    ("amber", "#c67900", "stroke-width=\"1.5\" stroke-dasharray=\"7 4\""),
    ("violet", "#7a4fd0", "stroke-width=\"1.5\" stroke-dasharray=\"2 4\""),
];

/// For a file of its own; on a page they are the page's.
const COLORS: &str = "\
svg{--card:#fff;--ink:#161a22;--soft:#5a6373;--line:#dfe3ea;--grid:#eaedf2;--bad:#cc2f3c;
--blue:#2f6fde;--amber:#c67900;--violet:#7a4fd0;--green:#1a9358}
@media (prefers-color-scheme:dark){
svg{--card:#161920;--ink:#e6e9ef;--soft:#98a2b3;--line:#272c37;--grid:#21262f;--bad:#ff6f78;
--blue:#6ea8ff;--amber:#f0ad3d;--violet:#b596ff;--green:#4fd08e}}
";

/// The parts' colors, in names.
const STYLE: &str = "\
.paper{fill:var(--card)}.ink{fill:var(--ink)}.soft{fill:var(--soft)}
.grid{stroke:var(--grid)}.axis{stroke:var(--line)}
.run{fill:var(--ink);stroke:var(--card)}.out{stroke:var(--bad)}
.band{fill:var(--green)}.peak{stroke:var(--green)}.summit{fill:var(--green)}
.blue{stroke:var(--blue)}.amber{stroke:var(--amber)}.violet{stroke:var(--violet)}
";

/// A file.
pub(super) fn whole(picture: &Picture) -> String {
    drawn(picture, &format!("{COLORS}{STYLE}"), true)
}

/// Part of a page that knows the colors.
pub(super) fn part(picture: &Picture) -> String {
    drawn(picture, STYLE, false)
}

fn drawn(picture: &Picture, style: &str, is_whole: bool) -> String {
    let plot = Plot::new(picture);
    let title = escape(&picture.title);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"{title}\" font-family=\"system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif\" \
         font-size=\"12\"{}>\n<style>\n{style}</style>\n",
        if is_whole { format!(" width=\"{WIDTH}\" height=\"{HEIGHT}\"") } else { String::new() }
    );
    if is_whole {
        svg += "<rect class=\"paper\" fill=\"#fff\" width=\"100%\" height=\"100%\"/>\n";
    }
    let class = "ink\" font-size=\"15\" font-weight=\"600";
    text(&mut svg, (EDGE, 24.0), class, "#161a22", &escape(&shortened(&picture.title)));
    let (width, height) = (WIDTH - LEFT - RIGHT + 2.0, HEIGHT - TOP - BOTTOM);
    _ = writeln!(
        svg,
        "<clipPath id=\"plot\"><rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{width}\" height=\"{height}\"/></clipPath>"
    );
    plot.legend(&mut svg, picture);
    plot.axes(&mut svg, picture);
    if let Some(peak) = &picture.peak {
        plot.peak(&mut svg, peak);
    }
    // Those that fit better are drawn over the others.
    for (curve, stroke) in picture.curves.iter().zip(STROKES).rev() {
        plot.curve(&mut svg, curve, stroke);
    }
    for dot in &picture.dots {
        plot.dot(&mut svg, dot);
    }
    svg += "</svg>\n";
    svg
}

fn shortened(title: &str) -> String {
    if title.chars().count() <= TITLE_CHARS {
        return title.to_owned();
    }
    title.chars().take(TITLE_CHARS - 1).chain(['…']).collect()
}

/// Writing to a string does not fail, here and below.
fn text(svg: &mut String, (x, y): (f64, f64), class: &str, fill: &str, words: &str) {
    _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\" fill=\"{fill}\">{words}</text>"
    );
}

struct Plot {
    most: f64,
    axis: Axis,
}

impl Plot {
    fn new(picture: &Picture) -> Plot {
        let (most, highest) = picture.most();
        Plot { most, axis: Axis::new(highest * 1.03, 5.0, false) }
    }

    fn x(&self, n: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * n / self.most
    }

    fn y(&self, throughput: f64) -> f64 {
        self.above(throughput.clamp(0.0, self.axis.end))
    }

    /// Where it would be, which may be outside.
    fn above(&self, throughput: f64) -> f64 {
        TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - throughput / self.axis.end)
    }

    fn axes(&self, svg: &mut String, picture: &Picture) {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for tick in &self.axis.ticks {
            let y = self.y(*tick);
            let class = if *tick > 0.0 { ("grid", "#eaedf2") } else { ("axis", "#dfe3ea") };
            _ = writeln!(
                svg,
                "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\" class=\"{}\" stroke=\"{}\"/>",
                class.0, class.1
            );
            let class = "soft\" text-anchor=\"end";
            text(svg, (LEFT - 8.0, y + 4.0), class, "#5a6373", &short(*tick));
        }
        let mut sizes: Vec<f64> = picture.dots.iter().map(|dot| dot.n).collect();
        sizes.sort_by(f64::total_cmp);
        sizes.dedup();
        let mut free = f64::INFINITY;
        for size in sizes.iter().rev() {
            let x = self.x(*size);
            _ = writeln!(
                svg,
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{bottom}\" y2=\"{:.1}\" class=\"axis\" stroke=\"#dfe3ea\"/>",
                bottom + 5.0
            );
            if x < free {
                let class = "soft\" text-anchor=\"middle";
                text(svg, (x, bottom + 19.0), class, "#5a6373", &short(*size));
                free = x - ROOM;
            }
        }
        let middle = (LEFT + right) / 2.0;
        let class = "soft\" text-anchor=\"middle";
        text(svg, (middle, HEIGHT - 12.0), class, "#5a6373", &escape(&picture.x));
        text(svg, (EDGE, TOP - 12.0), "soft", "#5a6373", &escape(&picture.y));
    }

    fn legend(&self, svg: &mut String, picture: &Picture) {
        let (mut x, y) = (EDGE, 44.0);
        for (curve, (class, stroke, more)) in picture.curves.iter().zip(STROKES) {
            _ = writeln!(
                svg,
                "<line x1=\"{x:.1}\" x2=\"{:.1}\" y1=\"{y}\" y2=\"{y}\" class=\"{class}\" stroke=\"{stroke}\" {more}/>",
                x + 26.0
            );
            text(svg, (x + 32.0, y + 4.0), "soft", "#5a6373", &escape(&curve.name));
            x += 48.0 + 6.4 * curve.name.chars().count() as f64;
        }
    }

    fn peak(&self, svg: &mut String, peak: &Summit) {
        let (low, high) = (self.x(peak.low.min(self.most)), self.x(peak.high.min(self.most)));
        let (x, y, bottom) = (self.x(peak.n), self.y(peak.throughput), HEIGHT - BOTTOM);
        _ = writeln!(
            svg,
            "<rect x=\"{low:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\" class=\"band\" fill=\"#1a9358\" fill-opacity=\"0.12\"/>\n\
             <line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{y:.1}\" y2=\"{bottom}\" class=\"peak\" stroke=\"#1a9358\" stroke-width=\"1.5\" stroke-dasharray=\"3 3\"/>",
            (high - low).max(1.0),
            bottom - TOP
        );
        // Beside the line, on the side that has more room.
        let is_right = x > (LEFT + WIDTH) / 2.0;
        let (x, anchor) = if is_right { (x - 7.0, "end") } else { (x + 7.0, "start") };
        let class = format!("summit\" font-weight=\"600\" text-anchor=\"{anchor}");
        text(
            svg,
            (x, bottom - 10.0),
            &class,
            "#1a9358",
            &format!("peak at {}", short(peak.n.round())),
        );
    }

    fn curve(&self, svg: &mut String, curve: &Curve, (class, stroke, more): (&str, &str, &str)) {
        let mut points = String::new();
        for (n, throughput) in &curve.points {
            _ = write!(points, "{:.1},{:.1} ", self.x(*n), self.above(*throughput));
        }
        _ = writeln!(
            svg,
            "<polyline points=\"{}\" clip-path=\"url(#plot)\" class=\"{class}\" stroke=\"{stroke}\" fill=\"none\" {more} stroke-linejoin=\"round\"/>",
            points.trim_end()
        );
    }

    fn dot(&self, svg: &mut String, dot: &Dot) {
        let (x, y) = (self.x(dot.n), self.y(dot.throughput));
        _ = if dot.counts {
            writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" class=\"run\" fill=\"#161a22\" stroke=\"#fff\" fill-opacity=\"0.75\"/>"
            )
        } else {
            writeln!(
                svg,
                "<path d=\"M{:.1} {:.1}l8 8m0 -8l-8 8\" class=\"out\" stroke=\"#cc2f3c\" stroke-width=\"2\"/>",
                x - 4.0,
                y - 4.0
            )
        };
    }
}
