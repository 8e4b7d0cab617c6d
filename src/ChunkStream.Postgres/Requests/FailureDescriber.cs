using System.Text.Json;
using ChunkStream.Http;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ChunkStream.Postgres.Requests;

/// <summary>What an app's own endpoint tells its clients of failures.</summary>
internal static class FailureDescriber
{
    /// <summary>
    /// Gives the problem for a failure, or null where the endpoint says nothing of it; null where it never does.
    /// </summary>
    public static Func<Exception, Problem?>? Describer(this StreamResultOptions options, IServiceProvider services)
    {
        if (options.DescribeFailure is not { } describe)
            return null;
        var json = services.GetService<IOptions<JsonOptions>>()?.Value.SerializerOptions ?? JsonSerializerOptions.Web;
        return failure => describe(failure) is { } details ? ProblemOfApp.Create(details, json) : null;
    }
}
