//! The metrics of a process with its children.

use crate::metric::metrics;

metrics! {
    CPU_UTILIZATION "process_cpu_utilization" Trend Cores ["process"] "the CPU clock of the process, /proc/PID/stat"
        "CPU time per time, children that have ended included";
    CPU_USER "process_cpu_user" Trend Cores ["process"] "/proc/PID/stat" "The part of it in the program, in steps of 10 ms";
    CPU_SYSTEM "process_cpu_system" Trend Cores ["process"] "/proc/PID/stat"
        "The part of it in the kernel, in steps of 10 ms";
    HOTTEST_THREAD "process_hottest_thread_utilization" Trend Cores ["process" "thread"]
        "/proc/PID/task/TID/schedstat" "CPU time per time of the thread that took the most, with its name";
    RUN_DELAY "process_run_delay" Trend Cores ["process"] "/proc/PID/task/TID/schedstat"
        "Time in which threads could run and did not, per time, over all threads: 1 is one thread always waiting";
    MEMORY "process_memory_bytes" Trend Bytes ["process"] "/proc/PID/stat"
        "Resident memory; what children share counts for each of them";
    MAJOR_FAULTS "process_major_faults" Counter Count ["process"] "/proc/PID/stat"
        "Page faults that had to read a disk";
    THREADS "process_threads" Trend Count ["process"] "/proc/PID/stat" "Threads";
    PROCESSES "process_processes" Trend Count ["process"] "/proc/PID/task/TID/children"
        "Processes that are counted together: the one named and its children";
    FILE_DESCRIPTORS "process_file_descriptors" Trend Count ["process"] "/proc/PID/fd"
        "Open files of the process that is nearest to its limit";
    FILE_DESCRIPTORS_LIMIT "process_file_descriptors_limit" Trend Count ["process"] "/proc/PID/limits"
        "How many that process may have";
    DISK_READ "process_disk_read_bytes" Counter Bytes ["process"] "/proc/PID/io" "Read from disks, not from their cache";
    DISK_WRITTEN "process_disk_written_bytes" Counter Bytes ["process"] "/proc/PID/io"
        "Written, at the time the program did, not the disk";
    LISTEN_QUEUE "process_listen_queue" Trend Count ["process" "port"] "sock_diag"
        "Connections that wait to be accepted; the longest queue where several sockets listen";
    LISTEN_QUEUE_LIMIT "process_listen_queue_limit" Trend Count ["process" "port"] "sock_diag"
        "How many may wait in that queue";
}
