using ChunkStream.App;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Hosting;

var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
builder.UseChunkStream();
builder.Services.AddChunkStreamApp();
builder.Build().Run();
