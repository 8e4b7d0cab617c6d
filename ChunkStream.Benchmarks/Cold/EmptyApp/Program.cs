using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Hosting;

var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
builder.Build().Run();

/// <summary>What the platform itself costs: a function that answers with a text.</summary>
internal sealed class EmptyFunctions
{
    /// <summary>The only function.</summary>
    [Function("stream")]
    public IResult Stream(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "stream")] HttpRequest request)
        => Results.Text("Chunk 0\n");
}
