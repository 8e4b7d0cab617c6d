using ChunkStream.Formats;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ChunkStream.Http;

/// <summary>What a response's body will be.</summary>
/// <param name="Format">Its format.</param>
/// <param name="ContentType">Its type, by the name that the client asked for.</param>
/// <param name="FileName">The name under which a browser shall save it, or null where it shall not.</param>
internal sealed record ChosenFormat(StreamFormat Format, string ContentType, string? FileName)
{
    /// <summary>Says it in the response's headers.</summary>
    public void SetHeaders(HttpResponse response)
    {
        StreamResult.SetHeaders(response);
        response.ContentType = ContentType;
        if (FileName is null)
            return;

        var disposition = new ContentDispositionHeaderValue("attachment");
        disposition.SetHttpFileName(FileName);
        response.Headers.ContentDisposition = disposition.ToString();
    }
}
