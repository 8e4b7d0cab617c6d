using ChunkStream.DurableStreams;
using ChunkStream.Functions.Starting;
using ChunkStream.Functions.Telemetry;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

UnusedParts.WatchNoFiles();
var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
UnusedParts.Remove(builder.Services);
LogLevels.Set(builder.Services);
builder.UseChunkStream();
var app = builder.Services.AddChunkStreamApp();
app.AddDemo(); // To take the demo out, delete this line and the folder demo/.

FunctionsTelemetry.AddIfWanted(builder);

// Instead of in each process that runs: the timer trigger of SweepFunctions.
builder.Services.Configure<DurableStreamOptions>(streams => streams.SweepSeconds = 0);
builder.Build().Run();
