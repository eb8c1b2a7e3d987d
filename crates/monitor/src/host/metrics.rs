//! The metrics of a host.

use crate::metric::metrics;

metrics! {
    CPU_UTILIZATION "host_cpu_utilization" Trend Share [] "/proc/stat"
        "Share of all cores not idle; time stolen by the hypervisor included, waiting for disks not";
    CPU_CORE_UTILIZATION "host_cpu_core_utilization" Trend Share ["core"] "/proc/stat"
        "The same for each core";
    CPU_USER "host_cpu_user" Trend Share [] "/proc/stat" "Share of all cores in programs, nice ones included";
    CPU_SYSTEM "host_cpu_system" Trend Share [] "/proc/stat" "Share of all cores in the kernel, interrupts included";
    CPU_IOWAIT "host_cpu_iowait" Trend Share [] "/proc/stat" "Share of all cores idle while a disk is waited for";
    CPU_STEAL "host_cpu_steal" Trend Share [] "/proc/stat" "Share of all cores that the hypervisor gave to others";
    RUN_QUEUE_LENGTH "host_run_queue_length" Trend Count [] "/proc/stat"
        "Threads that run or could run at the moment, the monitor's own left out";
    PRESSURE_CPU_SOME "host_pressure_cpu_some" Trend Share [] "/proc/pressure/cpu"
        "Share of the time in which some task waited for a core";
    PRESSURE_MEMORY_SOME "host_pressure_memory_some" Trend Share [] "/proc/pressure/memory"
        "Share of the time in which some task waited for memory";
    PRESSURE_MEMORY_FULL "host_pressure_memory_full" Trend Share [] "/proc/pressure/memory"
        "Share of the time in which all tasks that were not idle waited for memory";
    PRESSURE_IO_SOME "host_pressure_io_some" Trend Share [] "/proc/pressure/io"
        "Share of the time in which some task waited for a disk";
    PRESSURE_IO_FULL "host_pressure_io_full" Trend Share [] "/proc/pressure/io"
        "Share of the time in which all tasks that were not idle waited for a disk";
    MEMORY_USED "host_memory_used_bytes" Trend Bytes [] "/proc/meminfo" "All memory less what is available";
    MEMORY_AVAILABLE "host_memory_available_bytes" Trend Bytes [] "/proc/meminfo"
        "What programs can get without swapping, by the kernel's estimate";
    MEMORY_TOTAL "host_memory_total_bytes" Trend Bytes [] "/proc/meminfo" "All memory";
    MAJOR_FAULTS "host_major_faults" Counter Count [] "/proc/vmstat" "Page faults that had to read a disk";
    OOM_KILLS "host_oom_kills" Counter Count [] "/proc/vmstat" "Processes killed for want of memory";
    DISK_UTILIZATION "host_disk_utilization" Trend Share ["device"] "/proc/diskstats"
        "Share of the time in which a request was under way; a device that takes many at once may do more at 1";
    DISK_QUEUE "host_disk_queue" Trend Count ["device"] "/proc/diskstats"
        "Requests under way on average, those that wait for the device included";
    DISK_READ "host_disk_read_bytes" Counter Bytes ["device"] "/proc/diskstats" "Read from the device";
    DISK_WRITTEN "host_disk_written_bytes" Counter Bytes ["device"] "/proc/diskstats" "Written to the device";
    DISK_LATENCY "host_disk_latency" Trend Milliseconds ["device"] "/proc/diskstats"
        "Mean time of the tick's requests, from queue to end; no value when there were none";
    NETWORK_RECEIVED "host_network_received_bytes" Counter Bytes ["interface"] "/proc/net/dev" "Received";
    NETWORK_SENT "host_network_sent_bytes" Counter Bytes ["interface"] "/proc/net/dev" "Sent";
    NETWORK_RECEIVED_PACKETS "host_network_received_packets" Counter Count ["interface"] "/proc/net/dev"
        "Packets received";
    NETWORK_SENT_PACKETS "host_network_sent_packets" Counter Count ["interface"] "/proc/net/dev" "Packets sent";
    NETWORK_DROPPED_PACKETS "host_network_dropped_packets" Counter Count ["interface"] "/proc/net/dev"
        "Packets dropped by the interface, either way";
    TCP_SEGMENTS_SENT "host_tcp_segments_sent" Counter Count [] "/proc/net/snmp"
        "TCP segments sent, to relate retransmits to";
    TCP_RETRANSMITS "host_tcp_retransmits" Counter Count [] "/proc/net/snmp" "TCP segments sent once more";
    LISTEN_OVERFLOWS "host_listen_overflows" Counter Count [] "/proc/net/netstat"
        "Connections that found a full listen queue";
    LISTEN_DROPS "host_listen_drops" Counter Count [] "/proc/net/netstat"
        "Connections dropped by listening sockets, for a full queue or another reason";
    SOCKETS "host_sockets" Trend Count ["state"] "/proc/net/sockstat, /proc/net/snmp, sock_diag"
        "TCP sockets by state";
    FILE_DESCRIPTORS "host_file_descriptors" Trend Count [] "/proc/sys/fs/file-nr" "Open files of the whole host";
    FILE_DESCRIPTORS_LIMIT "host_file_descriptors_limit" Trend Count [] "/proc/sys/fs/file-nr"
        "How many there may be; no value when there is no limit";
}
