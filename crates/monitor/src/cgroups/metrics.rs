//! The metrics of a cgroup: a container, a service, a slice.

use crate::metric::metrics;

metrics! {
    CPU_UTILIZATION "cgroup_cpu_utilization" Trend Cores ["cgroup"] "cpu.stat; v1: cpuacct.usage" "CPU time per time";
    CPU_QUOTA "cgroup_cpu_quota" Trend Cores ["cgroup"] "cpu.max; v1: cpu.cfs_quota_us"
        "What it may take; no value when it has no limit of its own";
    CPU_THROTTLED_SHARE "cgroup_cpu_throttled_share" Trend Share ["cgroup"] "cpu.stat"
        "Share of the quota's periods in which it had to stop";
    CPU_THROTTLED_SECONDS "cgroup_cpu_throttled_seconds" Counter Seconds ["cgroup"] "cpu.stat"
        "Time for which its cores had to stop, over all cores";
    MEMORY "cgroup_memory_bytes" Trend Bytes ["cgroup"] "memory.current; v1: memory.usage_in_bytes"
        "Memory in use, cached files included";
    MEMORY_LIMIT "cgroup_memory_limit_bytes" Trend Bytes ["cgroup"] "memory.max; v1: memory.limit_in_bytes"
        "What it may take; no value when it has no limit of its own";
    OOM_KILLS "cgroup_oom_kills" Counter Count ["cgroup"] "memory.events; v1: memory.oom_control"
        "Processes killed for want of memory";
    PRESSURE_CPU_SOME "cgroup_pressure_cpu_some" Trend Share ["cgroup"] "cpu.pressure, v2 only"
        "Share of the time in which some task waited for a core";
    PRESSURE_CPU_FULL "cgroup_pressure_cpu_full" Trend Share ["cgroup"] "cpu.pressure, v2 only"
        "Share of the time in which all its tasks waited for a core, as when throttled";
    PRESSURE_MEMORY_SOME "cgroup_pressure_memory_some" Trend Share ["cgroup"] "memory.pressure, v2 only"
        "Share of the time in which some task waited for memory";
    PRESSURE_MEMORY_FULL "cgroup_pressure_memory_full" Trend Share ["cgroup"] "memory.pressure, v2 only"
        "Share of the time in which all its tasks waited for memory";
    PRESSURE_IO_SOME "cgroup_pressure_io_some" Trend Share ["cgroup"] "io.pressure, v2 only"
        "Share of the time in which some task waited for a disk";
    PRESSURE_IO_FULL "cgroup_pressure_io_full" Trend Share ["cgroup"] "io.pressure, v2 only"
        "Share of the time in which all its tasks waited for a disk";
    DISK_READ "cgroup_disk_read_bytes" Counter Bytes ["cgroup"] "io.stat; v1: blkio.throttle.io_service_bytes"
        "Read from disks";
    DISK_WRITTEN "cgroup_disk_written_bytes" Counter Bytes ["cgroup"] "io.stat; v1: blkio.throttle.io_service_bytes"
        "Written to disks";
    DISK_UTILIZATION "cgroup_disk_utilization" Trend Share ["cgroup" "device"]
        "io.max, io.stat; v1: blkio.throttle.*"
        "What it reads and writes, as a share of the limit that it is nearest to; no value without a limit of its own";
}
