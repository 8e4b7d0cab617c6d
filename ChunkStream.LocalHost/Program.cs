using System.CommandLine;
using ChunkStream.LocalHost;

var app = LocalApp.Create();

using var shutdown = new ShutdownSignal();
var settings = new InvocationConfiguration
{
    // ShutdownSignal handles signals. The library would end the process 2 seconds after one, while Postgres is still
    // stopping.
    ProcessTerminationTimeout = null,
    EnableDefaultExceptionHandler = false,
};
return await CommandLine.InvokeAsync(
    args, app.Data, (run, cancellation) => LocalHostRun.RunAsync(app, run, cancellation), settings, shutdown.Token);
