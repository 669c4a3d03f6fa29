use std::time::Duration;

use regulator::sim::{
    Generator, Plant, Random, Report, TraceError, TraceJob, html, read, simulate, write,
};
use regulator::{AskId, Moment, Regulator, Stack, Strategy};

use crate::size::at_most;

fn run(toml: &str, trace: &[TraceJob], plant: &Plant) -> Report {
    let strategy = Strategy::from_toml(toml).unwrap();
    let run = simulate(&mut Stack::new(&strategy, plant.dawn()), trace, plant);
    Report::of("this", &run, trace)
}

fn fixed(at_once: u32) -> String {
    format!("gates = [{{ fixed = {{ at_once = {at_once} }} }}]")
}

/// Arrivals and services without memory: the M/M/c system.
fn memoryless(jobs: usize, load: f64, servers: u32, seed: u64) -> Vec<TraceJob> {
    let mut random = Random::new(seed);
    let blank = Generator { jobs, ..Generator::default() }.trace();
    let mut at = 0.0;
    let job = |job: TraceJob| {
        at += random.exponential(1.0 / (load * f64::from(servers)));
        let runtime = Duration::from_secs_f64(random.exponential(1.0));
        TraceJob { submitted: Moment::from_secs_f64(at), runtime, ..job }
    };
    blank.into_iter().map(job).collect()
}

/// The mean wait in units of the mean service: `C(c, a) / (c − a)`.
fn erlang_c(load: f64, servers: u32) -> f64 {
    let offered = load * f64::from(servers);
    let blocked = (1..=servers).fold(1.0, |b, n| offered * b / (f64::from(n) + offered * b));
    let waits = blocked / (1.0 - load * (1.0 - blocked));
    waits / (f64::from(servers) - offered)
}

#[test]
fn the_wait_of_memoryless_jobs_is_erlangs() {
    let jobs = at_most(200_000);
    // The error of a mean falls with the root of the number of jobs.
    let allowed = 0.05 * (200_000.0 / jobs as f64).sqrt();
    for (load, servers, seed) in [(0.7, 1, 11), (0.7, 4, 12), (0.8, 8, 13)] {
        let trace = memoryless(jobs, load, servers, seed);
        let report = run(&fixed(servers), &trace, &Plant::default());
        let theory = erlang_c(load, servers);
        let error = report.wait_s.mean / theory - 1.0;
        assert!(error.abs() < allowed, "c = {servers}: {} against {theory}", report.wait_s.mean);
        let used = report.utilisation["slots"] / load - 1.0;
        assert!(used.abs() < allowed, "utilisation {}", report.utilisation["slots"]);
    }
}

#[test]
fn jobs_that_share_too_few_cores_slow_down_together() {
    let mut trace = Generator { jobs: 4, keys: 0, ..Generator::default() }.trace();
    for job in &mut trace {
        (job.submitted, job.runtime) = (Moment::ZERO, Duration::from_secs(60));
        job.demand.cpu_milli = 1000;
    }
    let plant = Plant { cores: Some(2.0), ..Plant::default() };
    assert_eq!(run(&fixed(4), &trace, &plant).makespan_s, 120.0, "half speed");
    assert_eq!(run(&fixed(2), &trace, &plant).makespan_s, 120.0, "full speed, two by two");
    assert_eq!(run(&fixed(3), &trace, &plant).makespan_s, 150.0, "three at two thirds, then one");
}

#[test]
fn work_is_told_in_core_seconds() {
    let mut trace = Generator { jobs: 1, keys: 0, ..Generator::default() }.trace();
    (trace[0].submitted, trace[0].runtime) = (Moment::ZERO, Duration::from_millis(20_500));
    trace[0].demand.cpu_milli = 2000;
    let toml = "gates = [{ adaptive = { max = 8, window = \"10s\" } }]";
    let plant = Plant::default();
    let mut node = Stack::new(&Strategy::from_toml(toml).unwrap(), plant.dawn());
    simulate(&mut node, &trace, &plant);
    let said = node.state(plant.dawn()).gates[0].text.clone();
    assert!(said.contains("2.000 units of work a second at 1"), "{said}");
}

#[test]
fn a_class_that_was_asked_for_too_little_runs_out_of_memory_once() {
    let mut trace = Generator { jobs: 300, keys: 0, ..Generator::default() }.trace();
    for job in &mut trace {
        (job.size, job.demand.memory, job.peak_memory) = (1000, 100, Some(150));
    }
    let strategy = "gates = [{ resources = { memory = 1000 } }]";
    let without = run(strategy, &trace, &Plant::default());
    assert_eq!((without.completed, without.out_of_memory), (0, 3000), "each is given up");
    let with = run(&format!("learned = {{}}\n{strategy}"), &trace, &Plant::default());
    assert_eq!(with.completed, 300);
    assert!(with.out_of_memory <= 10, "those that ran together: {}", with.out_of_memory);
}

#[test]
fn a_job_that_holds_all_it_asked_for_and_no_more_ends_well() {
    let mut trace = Generator { jobs: 3, keys: 0, ..Generator::default() }.trace();
    for job in &mut trace {
        (job.demand.memory, job.peak_memory) = (100, Some(100));
    }
    let report = run("gates = [{ resources = { memory = 1000 } }]", &trace, &Plant::default());
    assert_eq!((report.completed, report.out_of_memory), (3, 0));
}

#[test]
fn a_job_runs_out_of_memory_half_way() {
    let mut trace = Generator { jobs: 1, keys: 0, ..Generator::default() }.trace();
    trace[0].runtime = Duration::from_secs(100);
    (trace[0].demand.memory, trace[0].peak_memory) = (100, Some(150));
    let report =
        run("learned = {}\ngates = [{ resources = { memory = 1000 } }]", &trace, &Plant::default());
    assert_eq!((report.completed, report.out_of_memory), (1, 1));
    assert_eq!(report.makespan_s, 150.0, "fifty seconds in vain, then a hundred");
}

#[test]
fn a_job_asks_for_what_its_line_says() {
    let trace = Generator { jobs: 9, ..Generator::default() }.trace();
    for job in &trace {
        let ask = job.ask(Plant::default().begins);
        assert_eq!((ask.size, ask.demand, ask.runtime), (job.size, job.demand, job.expected));
        assert_eq!((&ask.kind, &ask.tenant, &ask.key), (&job.kind, &job.tenant, &job.key));
    }
}

#[test]
fn a_trace_is_the_same_after_writing_and_reading() {
    let mut trace = Generator { jobs: 50, ..Generator::default() }.trace();
    trace[3].tenant = "a, \"b\"".to_owned();
    trace[4].key = None;
    trace[5].peak_memory = Some(7);
    trace[6].priority = -3;
    let mut text = Vec::new();
    write(&trace, &mut text).unwrap();
    assert_eq!(read(text.as_slice()).unwrap(), trace);
}

#[test]
fn columns_may_be_few_and_in_any_order() {
    let text = "# last week\nruntime_s,submitted_s\n\n5,20\n2.5,10\n";
    let trace = read(text.as_bytes()).unwrap();
    assert_eq!(trace[0].submitted, Moment::from_secs_f64(10.0), "sorted by submission");
    assert_eq!(trace[0].runtime, Duration::from_millis(2500));
    assert_eq!((trace[1].id, trace[1].kind.as_str()), (AskId(4), "loader"));
    assert_eq!(trace[1].demand.cpu_milli, 1000);
}

#[test]
fn a_wrong_trace_is_refused_with_its_line() {
    for (text, line, says) in [
        ("", 1, "no header"),
        ("submitted_s\n", 1, "`runtime_s` is missing"),
        ("submitted_s,runtime_s,speed\n", 1, "`speed` is no column; there are submitted_s"),
        ("submitted_s,runtime_s,runtime_s\n", 1, "twice"),
        ("submitted_s,runtime_s\n1,2\n1\n", 3, "1 fields where the header has 2"),
        ("submitted_s,runtime_s\n1,soon\n", 2, "`runtime_s` is `soon`; it says seconds"),
        ("submitted_s,runtime_s\n1,-2\n", 2, "allowed are 0 to"),
        ("submitted_s,runtime_s\n1,NaN\n", 2, "allowed are 0 to"),
        ("submitted_s,runtime_s\n1e300,1\n", 2, "allowed are"),
        ("submitted_s,runtime_s,cores\n1,1,-1\n", 2, "`cores` is -1"),
        ("submitted_s,runtime_s,kind\n1,1,\"open\n", 2, "quote"),
        ("submitted_s,runtime_s,id\n1,1,ff\n", 2, "hexadecimal"),
        (
            "submitted_s,runtime_s,id\n1,1,00000000000000000000000000000001\n\n2,1,00000000-0000-0000-0000-000000000001",
            4,
            "line 2",
        ),
    ] {
        match read(text.as_bytes()) {
            Err(TraceError::Line { line: at, message }) => {
                assert_eq!(at, line, "{text:?}: {message}");
                assert!(message.contains(says), "{text:?}: {message}");
            }
            other => panic!("{text:?}: {other:?}"),
        }
    }
}

#[test]
fn a_generated_trace_has_many_small_jobs_and_few_large_ones() {
    let trace = Generator { jobs: 10_000, ..Generator::default() }.trace();
    let all: u64 = trace.iter().map(|job| job.size).sum();
    let mut sizes: Vec<_> = trace.iter().map(|job| job.size).collect();
    sizes.sort_unstable();
    let largest: u64 = sizes[9_900..].iter().sum();
    assert!(largest > all / 4, "the largest hundredth has {largest} of {all} bytes");
    let length = trace.last().unwrap().submitted.as_secs_f64();
    assert!((length / 50_000.0 - 1.0).abs() < 0.05, "five seconds between two: {length}");
    let of_maize = trace.iter().filter(|job| job.tenant == "maize").count();
    assert!((4_700..5_300).contains(&of_maize), "half of them: {of_maize}");
}

#[test]
fn a_page_holds_all_it_needs() {
    let trace = Generator { jobs: 300, ..Generator::default() }.trace();
    let strategy = Strategy::from_toml(&fixed(3)).unwrap();
    let plant = Plant::default();
    let run = simulate(&mut Stack::new(&strategy, plant.dawn()), &trace, &plant);
    let report = Report::of("three <at> once", &run, &trace);
    let page = html(&trace, &[(report, run)]);
    assert!(
        page.contains("three &lt;at&gt; once") && page.contains("<svg") && page.contains("maize")
    );
    assert!(page.contains("<i style=\"background:var(--c0)\"></i>maize</span>"), "{page}");
    assert!(!page.contains("http") && !page.contains("src=") && !page.contains("NaN"));
}

#[test]
fn jobs_that_can_never_run_are_told_apart() {
    let mut trace = Generator { jobs: 10, keys: 0, ..Generator::default() }.trace();
    trace[2].demand.memory = 1 << 50;
    let report = run("gates = [{ resources = { memory = \"8 GiB\" } }]", &trace, &Plant::default());
    assert_eq!((report.completed, report.refused, report.unstarted), (9, 1, 0));
    assert!(report.to_string().contains("refused      1"));
}

#[test]
fn an_adaptive_node_finds_how_many_jobs_its_cores_bear() {
    let mut trace = Generator { jobs: 3000, keys: 0, ..Generator::default() }.trace();
    for job in &mut trace {
        job.submitted = Moment::ZERO;
        job.demand.cpu_milli = 1000;
        job.runtime = job.runtime.min(Duration::from_secs(60)) + Duration::from_secs(20);
    }
    let plant = Plant { cores: Some(12.0), ..Plant::default() };
    let toml = "gates = [{ adaptive = { max = 64, window = \"1m\" } }]";
    let mut node = Stack::new(&Strategy::from_toml(toml).unwrap(), plant.dawn());
    let mut limits = Vec::new();
    regulator::sim::watch(&mut node, &trace, &plant, |now, _, node| {
        if now.moment > Moment::from_secs_f64(1200.0) && node.state(now).waiting > 100 {
            limits.push(node.state(now).gates[0].budgets[0].capacity as f64);
        }
    });
    let mean = limits.iter().sum::<f64>() / limits.len() as f64;
    assert!((mean / 12.0 - 1.0).abs() <= 0.10, "twelve cores, {mean} jobs");
}
