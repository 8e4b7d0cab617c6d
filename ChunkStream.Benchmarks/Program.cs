using System.CommandLine;
using BenchmarkDotNet.Running;
using ChunkStream.Benchmarks.Cold;
using ChunkStream.Benchmarks.E2e;
using ChunkStream.Benchmarks.Fleet;
using ChunkStream.Benchmarks.Identity;
using ChunkStream.Benchmarks.Live;
using ChunkStream.Benchmarks.LiveLog;
using ChunkStream.Benchmarks.Micro;
using ChunkStream.Benchmarks.Peers;
using ChunkStream.Benchmarks.Served;
using ChunkStream.Benchmarks.Smoke;
using ChunkStream.Benchmarks.Streams;
using ChunkStream.LocalHost;

// Everything else is for BenchmarkDotNet, which has a command line of its own.
string[] ours =
[
    "e2e", "streams", "fleet", "live", "live-log", "cold", "identity", "smoke", "peer", "serve",
    "--help", "-h", "-?",
];
if (args is not [var command, ..] || !ours.Contains(command))
{
    BenchmarkSwitcher.FromAssembly(typeof(GeneratorBenchmarks).Assembly).Run(args);
    return 0;
}

using var shutdown = new ShutdownSignal();
var settings = new InvocationConfiguration
{
    // This program handles the signals itself, so that whatever it started is stopped first.
    ProcessTerminationTimeout = null,
    EnableDefaultExceptionHandler = false,
};
var root = new RootCommand(
    "Measures ChunkStream. Without a command: the microbenchmarks, with BenchmarkDotNet's options.")
{
    E2eCommand.Create(E2eRun.RunAsync),
    StreamsCommand.Create(StreamsRun.RunAsync),
    FleetCommand.Create(FleetRun.RunAsync),
    LiveCommand.Create(LiveRun.RunAsync),
    ColdCommand.Create(ColdRun.RunAsync),
    IdentityCommand.Create(IdentityRun.RunAsync),
    LiveLogCommand.Create(LiveLogRun.RunAsync),
    SmokeCommand.Create(SmokeRun.RunAsync),
    PeerCommand.Create(AspNetPeer.RunAsync),
    ServeCommand.Create(),
};
return await root.Parse(args).InvokeAsync(settings, shutdown.Token);
