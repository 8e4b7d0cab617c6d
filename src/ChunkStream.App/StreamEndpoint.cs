using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.App;

/// <summary>Who may call an endpoint.</summary>
public enum EndpointAccess
{
    /// <summary>Everyone.</summary>
    Anonymous,

    /// <summary>Whoever has a function key: header <c>x-functions-key</c>, or <c>?code=</c>.</summary>
    Function,
}

/// <summary>One endpoint.</summary>
/// <param name="Name">The function's name.</param>
/// <param name="Route">The route under the prefix of host.json.</param>
/// <param name="Methods">The HTTP methods; any other is refused.</param>
/// <param name="Access">Who may call it.</param>
/// <param name="Examples">
/// Calls worth trying, which succeed in this order. There is none where a setting must allow the call first.
/// </param>
/// <param name="Handler">The handler.</param>
public sealed record StreamEndpoint(
    string Name,
    string Route,
    IReadOnlyList<string> Methods,
    EndpointAccess Access,
    IReadOnlyList<ExampleCall> Examples,
    Func<StreamEndpoints, HttpRequest, IResult> Handler)
{
    /// <summary>Calls the handler with the endpoints of a container.</summary>
    public IResult Handle(IServiceProvider services, HttpRequest request)
        => Handler(services.GetRequiredService<StreamEndpoints>(), request);
}

/// <summary>A call to try.</summary>
/// <param name="Address">Route and query.</param>
/// <param name="Options">
/// What curl is told beside the address, in a form that works in sh, cmd and PowerShell. Default: to show each chunk
/// when it comes.
/// </param>
public sealed record ExampleCall(string Address, string Options = "-N");

/// <summary>A call to try of an endpoint that every app has, where it succeeds in this app alone.</summary>
/// <param name="Endpoint">The endpoint's name.</param>
/// <param name="Call">The call.</param>
internal sealed record EndpointExample(string Endpoint, ExampleCall Call);
