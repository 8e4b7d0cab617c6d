using ChunkStream;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

var builder = FunctionsApplication.CreateBuilder(args);

// For functionTimeout: a stream ends before the platform would end it.
builder.Configuration.AddJsonFile(Path.Combine(AppContext.BaseDirectory, "host.json"), optional: true);
builder.ConfigureFunctionsWebApplication();
builder.Services.AddChunkStream(builder.Configuration);
builder.Build().Run();
