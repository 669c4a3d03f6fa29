//! The system calls that a digest has no use for, and is refused.
//!
//! What is listed is refused, and what is not listed is let through: a digest must not fail because a
//! library takes another way to read a file. What is newer than this list is unknown to it, as it would be
//! to an older kernel.

use std::{collections::BTreeMap, env::consts::ARCH, fmt, iter, process, thread};

use libc::{
    CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER,
    CLONE_NEWUTS, CLONE_THREAD, ENOSYS, EPERM, c_int, c_long,
};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch, apply_filter, sock_filter,
};

/// Refused as what it may not do.
#[rustfmt::skip]
const FORBIDDEN: &[c_long] = &[
    // The network, and other processes by way of it.
    libc::SYS_socket, libc::SYS_socketpair, libc::SYS_connect, libc::SYS_bind, libc::SYS_listen,
    libc::SYS_accept, libc::SYS_accept4,
    // Other programs.
    libc::SYS_execve, libc::SYS_execveat,
    // Other processes.
    libc::SYS_ptrace, libc::SYS_process_vm_readv, libc::SYS_process_vm_writev,
    libc::SYS_process_madvise, libc::SYS_process_mrelease, libc::SYS_pidfd_getfd, libc::SYS_kcmp,
    libc::SYS_kill, libc::SYS_tkill, libc::SYS_rt_sigqueueinfo, libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_pidfd_send_signal, libc::SYS_migrate_pages, libc::SYS_move_pages,
    libc::SYS_shmget, libc::SYS_msgget, libc::SYS_semget, libc::SYS_mq_open,
    // When they run, and where. What is to become of its own is settled before this holds.
    libc::SYS_sched_setaffinity, libc::SYS_sched_setscheduler, libc::SYS_sched_setparam,
    libc::SYS_sched_setattr, libc::SYS_setpriority, libc::SYS_ioprio_set,
    // Away from the group that the node ends as one.
    libc::SYS_setpgid, libc::SYS_setsid,
    // Another view of the machine.
    libc::SYS_unshare, libc::SYS_setns, libc::SYS_mount, libc::SYS_umount2, libc::SYS_pivot_root,
    libc::SYS_chroot, libc::SYS_open_tree, libc::SYS_move_mount, libc::SYS_fsopen, libc::SYS_fsconfig,
    libc::SYS_fsmount, libc::SYS_fspick, libc::SYS_mount_setattr, libc::SYS_open_by_handle_at,
    // Another user.
    libc::SYS_setuid, libc::SYS_setgid, libc::SYS_setreuid, libc::SYS_setregid, libc::SYS_setresuid,
    libc::SYS_setresgid, libc::SYS_setgroups, libc::SYS_setfsuid, libc::SYS_setfsgid, libc::SYS_capset,
    // What files are, other than what is in them: Landlock does not keep from that.
    libc::SYS_fchmod, libc::SYS_fchmodat, libc::SYS_fchown, libc::SYS_fchownat, libc::SYS_mknodat,
    libc::SYS_setxattr, libc::SYS_lsetxattr, libc::SYS_fsetxattr, libc::SYS_removexattr,
    libc::SYS_lremovexattr, libc::SYS_fremovexattr,
    // Room beyond the end of a file, which the node does not see.
    libc::SYS_fallocate,
    // The machine itself.
    libc::SYS_bpf, libc::SYS_perf_event_open, libc::SYS_userfaultfd, libc::SYS_fanotify_init,
    libc::SYS_keyctl, libc::SYS_add_key, libc::SYS_request_key, libc::SYS_init_module,
    libc::SYS_finit_module, libc::SYS_delete_module, libc::SYS_kexec_load, libc::SYS_kexec_file_load,
    libc::SYS_reboot, libc::SYS_swapon, libc::SYS_swapoff, libc::SYS_acct, libc::SYS_quotactl,
    libc::SYS_quotactl_fd, libc::SYS_syslog, libc::SYS_settimeofday, libc::SYS_clock_settime,
    libc::SYS_clock_adjtime, libc::SYS_adjtimex, libc::SYS_sethostname, libc::SYS_setdomainname,
    libc::SYS_personality, libc::SYS_vhangup, libc::SYS_lookup_dcookie, libc::SYS_nfsservctl,
];

/// The same under the names of old, which newer machines do not have.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
const FORBIDDEN_OF_OLD: &[c_long] = &[
    libc::SYS_fork, libc::SYS_vfork, libc::SYS_chmod, libc::SYS_chown, libc::SYS_lchown,
    libc::SYS_mknod, libc::SYS_iopl, libc::SYS_ioperm, libc::SYS_modify_ldt,
];
#[cfg(not(target_arch = "x86_64"))]
const FORBIDDEN_OF_OLD: &[c_long] = &[];

/// Refused as what this kernel does not have, so that a library takes the way of before. What `clone3`
/// is asked for cannot be seen by a filter; `clone` is, which threads begin by then.
const UNKNOWN: &[c_long] = &[
    libc::SYS_clone3,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // `fchmodat2`, which is no name on every machine.
    452,
];

/// The first call that came after this list was made. Those of other ways to call (x32) lie above, too.
const NEWER: u32 = 463;

/// Has a file send signals, and to whom.
const SIGNALS_OF_FILES: [c_int; 3] = [libc::F_SETOWN, F_SETOWN_EX, F_SETSIG];
const F_SETSIG: c_int = 10;
const F_SETOWN_EX: c_int = 15;

/// Whether it can be looked into, and whether it ends with the node.
const TIES_TO_THE_NODE: [c_int; 2] = [libc::PR_SET_DUMPABLE, libc::PR_SET_PDEATHSIG];

/// What no thread needs.
const NAMESPACES: c_int = CLONE_NEWCGROUP
    | CLONE_NEWIPC
    | CLONE_NEWNET
    | CLONE_NEWNS
    | CLONE_NEWPID
    | CLONE_NEWUSER
    | CLONE_NEWUTS;

/// Whether calls can be refused here.
#[derive(Debug)]
pub(super) enum Level {
    Refused,
    /// Why not.
    Open(String),
}

impl Level {
    pub(super) const fn is_enforced(&self) -> bool {
        matches!(self, Self::Refused)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("seccomp refuses what no digest has a use for"),
            Self::Open(why) => write!(f, "no seccomp: {why}"),
        }
    }
}

/// Finds out whether calls can be refused, on a thread that does nothing else.
pub(super) fn try_out() -> anyhow::Result<Level> {
    thread::spawn(refuse).join().map_err(|_| anyhow::anyhow!("seccomp could not be tried out"))
}

/// Has the kernel refuse the calling thread, and those that it begins, what a digest has no use for.
pub(super) fn refuse() -> Level {
    let refused = || {
        let filters = filters(TargetArch::try_from(ARCH)?)?;
        filters.iter().try_for_each(|filter| apply_filter(filter))
    };
    match refused() {
        Ok(()) => Level::Refused,
        Err(error) => Level::Open(seccompiler::Error::to_string(&error)),
    }
}

/// All of them hold; of what they say the strictest counts.
fn filters(machine: TargetArch) -> Result<[BpfProgram; 3], BackendError> {
    let unknown = UNKNOWN.iter().map(|call| (*call, Vec::new())).collect();
    Ok([
        unknown_from(NEWER),
        program(unknown, ENOSYS, machine)?,
        program(forbidden()?, EPERM, machine)?,
    ])
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn forbidden() -> Result<Rules, BackendError> {
    let always = FORBIDDEN.iter().chain(FORBIDDEN_OF_OLD).map(|call| (*call, Vec::new()));
    // A process ends itself by a signal to itself.
    let to_another = || (SeccompCmpOp::Ne, u64::from(process::id()));
    let has = |bit| (SeccompCmpOp::MaskedEq(bit), bit);
    let is = |value: c_int| (SeccompCmpOp::Eq, u64::from(value.unsigned_abs()));
    let no_thread = (SeccompCmpOp::MaskedEq(CLONE_THREAD as u64), 0);
    let sometimes = [
        (libc::SYS_tgkill, rules(0, iter::once(to_another()))?),
        (libc::SYS_clone, rules(0, bits(NAMESPACES as u32).map(has).chain([no_thread]))?),
        // A process names itself by zero, too.
        (libc::SYS_prlimit64, vec![rule(0, [(SeccompCmpOp::Ne, 0), to_another()])?]),
        (libc::SYS_fcntl, rules(1, SIGNALS_OF_FILES.into_iter().map(is))?),
        (libc::SYS_prctl, rules(0, TIES_TO_THE_NODE.into_iter().map(is))?),
    ];
    Ok(always.chain(sometimes).collect())
}

/// What an argument is compared with, and how.
type Test = (SeccompCmpOp, u64);

/// One for each of these tests of an argument.
fn rules(argument: u8, any: impl Iterator<Item = Test>) -> Result<Vec<SeccompRule>, BackendError> {
    any.map(|test| rule(argument, [test])).collect()
}

/// For an argument that passes all of these tests.
fn rule<const N: usize>(argument: u8, all: [Test; N]) -> Result<SeccompRule, BackendError> {
    let condition =
        |(is, value)| SeccompCondition::new(argument, SeccompCmpArgLen::Dword, is, value);
    SeccompRule::new(all.into_iter().map(condition).collect::<Result<_, _>>()?)
}

fn bits(of: u32) -> impl Iterator<Item = u64> {
    (0..u32::BITS).map(|at| 1 << at).filter(move |bit| of & bit != 0).map(u64::from)
}

fn program(rules: Rules, errno: i32, machine: TargetArch) -> Result<BpfProgram, BackendError> {
    let refusal = SeccompAction::Errno(errno.unsigned_abs());
    SeccompFilter::new(rules, SeccompAction::Allow, refusal, machine)?.try_into()
}

/// Refuses what has this number or a higher one; filters that are made from rules cannot say so.
fn unknown_from(first: u32) -> BpfProgram {
    let step = |code: u32, k, jf| sock_filter { code: code as u16, jt: 0, jf, k };
    let answer = |action: SeccompAction| step(libc::BPF_RET | libc::BPF_K, action.into(), 0);
    vec![
        // The number of the call is the first that a filter is given.
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, first, 1),
        answer(SeccompAction::Errno(ENOSYS.unsigned_abs())),
        answer(SeccompAction::Allow),
    ]
}

#[cfg(test)]
mod tests;
