using ChunkStream.App;
using ChunkStream.DurableStreams;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
builder.UseChunkStream();
builder.Services.AddChunkStreamApp();

// Instead of in each process that runs: the timer trigger of SweepFunctions.
builder.Services.Configure<DurableStreamOptions>(streams => streams.SweepSeconds = 0);
builder.Build().Run();
