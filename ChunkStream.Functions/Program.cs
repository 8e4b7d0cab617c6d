using ChunkStream.App;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

var builder = FunctionsApplication.CreateBuilder(args);

// For functionTimeout: a stream ends before the platform would end it.
builder.Configuration.AddJsonFile(Path.Combine(AppContext.BaseDirectory, "host.json"), optional: true);
builder.ConfigureFunctionsWebApplication();

// The host drops what a worker logs outside of its calls: the check of the query files at start, what befalls durable streams
// between their requests. Its console it takes, and rather says something twice than never.
builder.Logging.AddSimpleConsole(console => (console.SingleLine, console.ColorBehavior) = (true, LoggerColorBehavior.Disabled));
builder.Logging.AddFilter<ConsoleLoggerProvider>((category, _) => category is not null
    && (category.StartsWith("ChunkStream.Postgres.Queries.", StringComparison.Ordinal) || category.StartsWith("ChunkStream.DurableStreams.", StringComparison.Ordinal)));
builder.Services.AddChunkStream(builder.Configuration);
builder.Build().Run();
