//! What a run is summed up to, in numbers reckoned by hand.

use std::time::Duration;

use regulator::sim::{Generator, Plant, Report, Run, TraceJob, html, simulate};
use regulator::{Moment, Stack, Strategy};

/// Three jobs at once, one slot: maize for a minute, rice for half of one, maize for three seconds.
fn trace() -> Vec<TraceJob> {
    let mut trace = Generator { jobs: 3, keys: 0, ..Generator::default() }.trace();
    for (job, (tenant, seconds, cores)) in
        trace.iter_mut().zip([("maize", 60, 1), ("rice", 30, 2), ("maize", 3, 4)])
    {
        (job.submitted, job.runtime) = (Moment::from_secs_f64(100.0), Duration::from_secs(seconds));
        (job.tenant, job.kind) = (tenant.to_owned(), "loader".to_owned());
        job.demand.cpu_milli = 1000 * cores;
    }
    trace
}

fn run() -> (Report, Run) {
    let strategy =
        Strategy::from_toml("gates = [{ fixed = { at_once = 1 } }, { resources = { cores = 4 } }]");
    let (trace, plant) = (trace(), Plant::default());
    let run = simulate(&mut Stack::new(&strategy.unwrap(), plant.dawn()), &trace, &plant);
    (Report::of("one by one", &run, &trace), run)
}

#[test]
fn waits_slowdowns_and_shares_are_those_of_the_jobs() {
    let (report, run) = run();
    assert_eq!((run.events, run.end), (9, Moment::from_secs_f64(193.0)));
    assert_eq!((report.jobs, report.completed, report.unstarted), (3, 3, 0));
    assert_eq!(report.makespan_s, 93.0);
    assert_eq!((report.wait_s.mean, report.wait_s.p50, report.wait_s.max), (50.0, 60.0, 90.0));
    // The last ran for less than ten seconds, and counts as if it had run for ten.
    assert_eq!((report.slowdown.p50, report.slowdown.max), (3.0, 9.3));
    assert_eq!(report.utilisation["slots"], 1.0);
    let core_seconds = 60.0 + 2.0 * 30.0 + 4.0 * 3.0;
    assert!((report.utilisation["cpu_milli"] - core_seconds / (4.0 * 93.0)).abs() < 1e-12);
    let [maize, rice] = report.tenants.as_slice() else { panic!("{:?}", report.tenants) };
    assert_eq!((maize.name.as_str(), maize.completed), ("maize", 2));
    assert!((maize.share - 72.0 / core_seconds).abs() < 1e-12);
    assert!((rice.share - 60.0 / core_seconds).abs() < 1e-12);
    assert_eq!((maize.slowdown.mean, rice.slowdown.mean), (5.15, 3.0));
    let jain = (5.15f64 + 3.0).powi(2) / (2.0 * (5.15 * 5.15 + 9.0));
    assert!((report.jain_tenants - jain).abs() < 1e-12);
    assert_eq!(report.jain_kinds, 1.0);
}

#[test]
fn the_report_reads_as_it_counts() {
    let text = run().0.to_string();
    for line in [
        "one by one: 3 of 3 jobs completed",
        "  waiting      p50 1m 0s  p95 1m 30s  p99 1m 30s  mean 50s",
        "  slowdown     p50 3.00  p95 9.3  p99 9.3  mean 4.43",
        "  makespan     1m 33s",
        "  kinds        Jain index 1.000",
        "    rice                  1 jobs   45.5 % of core time  slowdown    3.00  waiting p50 1m 0s  p95 1m 0s  p99 1m 0s  mean 1m 0s",
    ] {
        assert!(text.lines().any(|other| other == line), "{line}\n{text}");
    }
    assert!(!text.contains("refused") && !text.contains("never started"));
}

/// The numbers that an attribute has, wherever it stands in a drawing.
fn numbers(drawing: &str, attribute: &str) -> Vec<f64> {
    let begin = format!(" {attribute}=\"");
    let parts = drawing.split(&begin).skip(1);
    parts.map(|part| part.split('"').next().unwrap().parse().unwrap()).collect()
}

/// The corners of the first path of a class.
fn path(drawing: &str, class: &str, index: usize) -> Vec<(f64, f64)> {
    let path = drawing.split(&format!("class=\"{class}\"")).nth(1 + index).unwrap();
    let path = path.split(" d=\"M").nth(1).unwrap().split(['"', 'Z']).next().unwrap();
    let corner = |text: &str| {
        let (x, y) = text.split_once(' ').unwrap();
        (x.parse().unwrap(), y.parse().unwrap())
    };
    path.split('L').map(corner).collect()
}

fn drawings(page: &str) -> Vec<&str> {
    page.split("<svg").skip(1).map(|drawing| drawing.split("</svg>").next().unwrap()).collect()
}

#[test]
fn bars_stand_where_and_as_long_as_jobs_ran() {
    let page = html(&trace(), &[run()]);
    let bars = drawings(&page)[2];
    let bars = &bars[bars.find("<rect").unwrap()..];
    let (x, width) = (numbers(bars, "x"), numbers(bars, "width"));
    // 930 units are the 93 seconds of the makespan, from 56 to 986.
    assert_eq!((x, width), (vec![56.0, 656.0, 956.0], vec![600.0, 300.0, 30.0]));
    assert!(numbers(bars, "y").windows(2).all(|pair| pair[0] == pair[1]), "one row is enough");
    assert!(bars.contains("<title>loader of rice: waited 1m 0s, ran 30s</title>"));
    let colours: Vec<_> = bars.split("var(--").skip(1).map(|part| &part[..2]).collect();
    assert_eq!(colours, ["c0", "c1", "c0"], "by tenant");
}

#[test]
fn jobs_that_ran_together_have_rows_of_their_own() {
    let strategy = Strategy::from_toml("gates = [{ fixed = { at_once = 2 } }]").unwrap();
    let (trace, plant) = (trace(), Plant::default());
    let run = simulate(&mut Stack::new(&strategy, plant.dawn()), &trace, &plant);
    let page = html(&trace, &[(Report::of("two", &run, &trace), run)]);
    let bars = drawings(&page)[2];
    let bars = &bars[bars.find("<rect").unwrap()..];
    assert_eq!(numbers(bars, "y"), [14.0, 28.0, 28.0], "the third follows the second");
}

#[test]
fn the_queue_is_drawn_as_long_as_it_was() {
    let page = html(&trace(), &[run()]);
    let queue = drawings(&page)[1];
    let (waiting, running) = (path(queue, "curve", 0), path(queue, "curve", 1));
    // From 0 at 214 to 4, the next multiple of four, at 14: fifty units each. One never waited.
    let levels = |curve: &[(f64, f64)]| {
        let mut levels: Vec<_> = curve.iter().map(|(_, y)| (214.0 - y) / 50.0).collect();
        levels.dedup();
        levels
    };
    assert_eq!(levels(&waiting), [2.0, 1.0, 0.0]);
    assert_eq!(levels(&running), [1.0]);
    let falls = waiting.iter().find(|(_, y)| *y == 164.0).unwrap().0;
    assert!((falls - 656.0).abs() <= 4.0, "after a minute one waits: {falls}");
    let first = waiting[0].0;
    assert_eq!((first, waiting[waiting.len() - 1].0), (56.0, 986.0));
    let floor = path(queue, "area", 0);
    assert_eq!((floor[0], floor[floor.len() - 1]), ((56.0, 214.0), (986.0, 214.0)));
    for text in [">0<", ">4<", ">0.0s<", ">1m 33s<"] {
        assert!(queue.contains(text), "{text}: {queue}");
    }
}

#[test]
fn the_curve_of_waits_rises_from_none_to_all() {
    let page = html(&trace(), &[run()]);
    let waits = drawings(&page)[0];
    let curve = path(waits, "curve", 0);
    assert_eq!((curve[0], curve[curve.len() - 1]), ((56.0, 234.0), (986.0, 14.0)));
    assert!(curve.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 >= pair[1].1));
    // A third had not waited, two thirds no longer than a minute.
    let minute = 56.0 + 930.0 * 61f64.ln() / 91f64.ln();
    let of = |x: f64| curve.iter().filter(|corner| (corner.0 - x).abs() < 0.1).count();
    assert_eq!([of(56.0), of(minute), of(986.0)], [167, 167, 167]);
    for text in [">0 %<", ">100 %<", ">0.0s<", ">1m 30s<"] {
        assert!(waits.contains(text), "{text}");
    }
}

#[test]
fn tables_tell_the_report() {
    let page = html(&trace(), &[run()]);
    let row = "<tr><td>one by one</td><td>3</td><td>1m 0s</td><td>1m 30s</td><td>1m 30s</td>\
               <td>4.43</td><td>9.3</td><td>1m 33s</td><td>100 %</td>";
    assert!(page.contains(row), "{page}");
    let row = "<tr><td>rice</td><td>1</td><td>45.5 %</td><td>3.00</td>";
    assert!(page.contains(row), "{page}");
    assert!(page.contains("One trace of 3 jobs under one choice of strategy."));
}

#[test]
fn a_generated_job_takes_and_asks_for_what_its_size_says() {
    const GIB: f64 = (1u64 << 30) as f64;
    let trace = Generator { jobs: 5_000, keys: 9, ..Generator::default() }.trace();
    for job in &trace {
        let size = job.size as f64;
        assert!(((1 << 20)..=50 << 30).contains(&job.size));
        let (ran, expected) = (job.runtime.as_secs_f64(), job.expected.unwrap().as_secs_f64());
        let read = size / 50e6;
        assert!((1.0 + 0.799 * read..=1.001 + 1.201 * read).contains(&ran), "{job:?}");
        assert!((0.999 * ran..=2.001 * ran).contains(&expected), "{job:?}");
        let large = size > GIB;
        assert_eq!(job.kind, if large { "matrix" } else { "loader" });
        assert_eq!(job.demand.cpu_milli, if large { 4000 } else { 1000 });
        let memory = (GIB / 16.0 + size / 4.0).min(6.0 * GIB);
        assert!((job.demand.memory as f64 / memory - 1.0).abs() < 1e-6, "{job:?}");
        assert_eq!((job.demand.scratch, job.demand.io), (job.size, 1));
    }
    let large = trace.iter().filter(|job| job.kind == "matrix").count();
    assert!((100..400).contains(&large), "few: {large}");
    let keys: std::collections::BTreeSet<_> = trace.iter().map(|job| job.key.clone()).collect();
    assert_eq!(keys.len(), 9);
    let ids: std::collections::BTreeSet<_> = trace.iter().map(|job| job.id).collect();
    assert_eq!(ids.len(), trace.len());
    let again = Generator { jobs: 5_000, keys: 9, ..Generator::default() };
    assert_eq!(again.trace(), trace);
    assert_ne!(Generator { seed: 2, ..again }.trace(), trace);
}

#[test]
fn the_ends_of_a_scale_are_written_within_the_picture() {
    let page = html(&trace(), &[run()]);
    let scale: Vec<_> = drawings(&page)[1].split("text-anchor=\"").skip(6).collect();
    let anchors: Vec<_> = scale.iter().map(|text| &text[..text.find('"').unwrap()]).collect();
    assert_eq!(anchors, ["start", "middle", "middle", "middle", "middle", "end"]);
}

#[test]
fn a_legend_ends_before_it_fills_the_page() {
    let mut trace = trace();
    let job = trace[0].clone();
    trace.extend((10..50).map(|id| {
        let (id, tenant) = (regulator::AskId(id), format!("crop-{id}"));
        regulator::sim::TraceJob { id, tenant, ..job.clone() }
    }));
    let strategy = Strategy::from_toml("gates = [{ fixed = { at_once = 2 } }]").unwrap();
    let plant = Plant::default();
    let run = simulate(&mut Stack::new(&strategy, plant.dawn()), &trace, &plant);
    let page = html(&trace, &[(Report::of("two", &run, &trace), run)]);
    let legends = page.split("class=\"legend\"").skip(1);
    assert_eq!(legends.map(|legend| legend.matches("</span>").count()).max(), Some(24));
}
