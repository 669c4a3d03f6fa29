use std::net::UdpSocket;

use rustix::{
    io::Errno,
    process::{PidfdFlags, getpid, pidfd_open},
};

use super::*;

const MACHINES: [TargetArch; 2] = [TargetArch::x86_64, TargetArch::aarch64];

#[test]
fn there_are_filters_for_both_machines() {
    for machine in MACHINES {
        let lengths = filters(machine).unwrap().map(|program| program.len());
        // The kernel takes no longer ones.
        assert!(lengths.iter().all(|length| (4..=4096).contains(length)), "{lengths:?}");
    }
}

#[test]
fn only_the_thread_that_tries_it_out_is_refused_anything() {
    assert!(try_out().unwrap().is_enforced());
    UdpSocket::bind("127.0.0.1:0").unwrap();
}

#[test]
fn calls_are_unknown_from_a_number_on() {
    let ask = |first| {
        let asked = move || {
            apply_filter(&unknown_from(first)).unwrap();
            pidfd_open(getpid(), PidfdFlags::empty()).map(drop)
        };
        thread::spawn(asked).join().unwrap()
    };
    let first = u32::try_from(libc::SYS_pidfd_open).unwrap();
    assert_eq!(ask(first), Err(Errno::NOSYS));
    assert_eq!(ask(first - 1), Err(Errno::NOSYS));
    assert_eq!(ask(first + 1), Ok(()));
}

#[test]
fn others_are_left_alone_and_the_process_itself_is_not_kept_from_its_own() {
    let own = process::id();
    let other = own + 1;
    let allowed = [
        (libc::SYS_prlimit64, [0, 0]),
        (libc::SYS_prlimit64, [own, 0]),
        (libc::SYS_tgkill, [own, own]),
        (libc::SYS_fcntl, [8, libc::F_GETFL as u32]),
        (libc::SYS_fcntl, [libc::F_SETOWN as u32, libc::F_DUPFD_CLOEXEC as u32]),
        (libc::SYS_prctl, [libc::PR_SET_NAME as u32, libc::PR_SET_DUMPABLE as u32]),
        (libc::SYS_sched_getaffinity, [0, 0]),
        (libc::SYS_getpriority, [0, 0]),
    ];
    let refused = [
        (libc::SYS_prlimit64, [other, libc::RLIMIT_FSIZE]),
        (libc::SYS_tgkill, [other, other]),
        (libc::SYS_fcntl, [3, libc::F_SETOWN as u32]),
        (libc::SYS_fcntl, [3, F_SETOWN_EX as u32]),
        (libc::SYS_fcntl, [3, F_SETSIG as u32]),
        (libc::SYS_prctl, [libc::PR_SET_DUMPABLE as u32, 0]),
        (libc::SYS_prctl, [libc::PR_SET_PDEATHSIG as u32, 0]),
        (libc::SYS_sched_setaffinity, [other, 8]),
        (libc::SYS_sched_setscheduler, [other, 0]),
        (libc::SYS_sched_setparam, [other, 0]),
        (libc::SYS_sched_setattr, [other, 0]),
        (libc::SYS_setpriority, [libc::PRIO_PROCESS, other]),
        (libc::SYS_ioprio_set, [1, other]),
        (libc::SYS_setpgid, [0, other]),
        (libc::SYS_setsid, [0, 0]),
    ];
    for (machine, number) in MACHINES.into_iter().zip([0xc000_003e, 0xc000_00b7]) {
        let forbidden = program(forbidden().unwrap(), EPERM, machine).unwrap();
        let answer = |(call, arguments)| said(&forbidden, number, call, arguments);
        for call in allowed {
            assert_eq!(answer(call), libc::SECCOMP_RET_ALLOW, "{call:?}");
        }
        for call in refused {
            let errno = EPERM.unsigned_abs();
            assert_eq!(answer(call), libc::SECCOMP_RET_ERRNO | errno, "{call:?}");
        }
    }
}

/// What the kernel would find that a filter says of a call with these first arguments.
fn said(filter: &[sock_filter], machine: u32, call: c_long, arguments: [u32; 2]) -> u32 {
    let [first, second] = arguments;
    let number = u32::try_from(call).unwrap();
    let seen = [number, machine, 0, 0, first, 0, second, 0];
    let (mut at, mut value) = (0, 0);
    loop {
        let step = &filter[at];
        let jump = |is_so| usize::from(if is_so { step.jt } else { step.jf });
        at += 1;
        match u32::from(step.code) {
            LOAD => value = seen[step.k as usize / size_of::<u32>()],
            AND => value &= step.k,
            JUMP => at += step.k as usize,
            JUMP_IF_EQUAL => at += jump(value == step.k),
            JUMP_IF_GREATER => at += jump(value > step.k),
            JUMP_UNLESS_LESS => at += jump(value >= step.k),
            RETURN => return step.k,
            other => panic!("no filter of ours has a step {other:#x}"),
        }
    }
}

const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
const AND: u32 = libc::BPF_ALU | libc::BPF_AND | libc::BPF_K;
const JUMP: u32 = libc::BPF_JMP | libc::BPF_JA;
const JUMP_IF_EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
const JUMP_IF_GREATER: u32 = libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K;
const JUMP_UNLESS_LESS: u32 = libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K;
const RETURN: u32 = libc::BPF_RET | libc::BPF_K;
